// What has to be copied where, so that a program finds every image in a mirror. It is the same function of names that
// renders them.
import { mirroredImage, ownRegistries } from '#api/image-mirror.ts';
import { exactName } from '#api/image-name.ts';
import type { ProgramView } from '#checks/program-view.ts';
import { imagesOf, type UsedImage } from '#render/images.ts';

export interface PlannedCopy {
  readonly source: string;
  readonly target: string;
  /** Who pulls it. */
  readonly uses: readonly string[];
}

/** Images that would be one in the mirror. */
export interface Collision {
  readonly target: string;
  readonly sources: readonly [string, string];
}

export interface MirrorSources {
  /** As the program calls them, whatever mirror its environment has. */
  readonly images: readonly UsedImage[];
  /** Of the environment's own registry; they stay there. */
  readonly kept: readonly UsedImage[];
}

/** @param to registry of the mirror, which may be the environment's own */
export function mirrorSources(view: ProgramView, to?: string): MirrorSources {
  const own = ownRegistries(view.config).filter((registry) => registry !== to);
  const isKept = ({ image }: UsedImage) => own.some((registry) => image.startsWith(`${registry}/`));
  const all = imagesOf(view, ({ source }) => source);
  return { images: all.filter((image) => !isKept(image)), kept: all.filter(isKept) };
}

/** @param to registry of the mirror */
export function plannedCopies(images: readonly UsedImage[], to: string): readonly PlannedCopy[] {
  return images.map(({ image: source, uses }) => {
    return { source, target: mirroredImage(source, { registry: to }), uses };
  });
}

export function collisionsOf(copies: readonly PlannedCopy[]): readonly Collision[] {
  const first = new Map<string, string>();
  return copies.flatMap(({ source, target }) => {
    const name = exactName(target);
    const earlier = first.get(name);
    first.set(name, earlier ?? source);
    if (earlier === undefined || exactName(earlier) === exactName(source)) return [];
    return [{ target, sources: [earlier, source] as const }];
  });
}
