// Which images a program makes a cluster pull, for people.
import type { ProgramView } from '#checks/program-view.ts';
import { pulledImages, type PulledImage } from '#checks/pulled-images.ts';
import { byText } from './rendered-file.ts';

export interface UsedImage {
  /** As a pod names it: `registry.example.org/team/notes:1.2.0`. */
  readonly image: string;
  /** Who pulls it, sorted: `apps/Deployment mcp-runtime/mcp-runtime-distributor, distributor`. */
  readonly uses: readonly string[];
}

/** Every image once, sorted, with those that use it. @param nameOf which of its names; @default that of the cluster */
export function imagesOf(
  view: ProgramView,
  nameOf: (pulled: PulledImage) => string = ({ image }) => image,
): readonly UsedImage[] {
  const uses = new Map<string, Set<string>>();
  for (const pulled of pulledImages(view)) {
    const name = nameOf(pulled);
    uses.set(name, (uses.get(name) ?? new Set()).add(pulled.by));
  }
  return [...uses]
    .sort(([a], [b]) => byText(a, b))
    .map(([image, by]) => ({ image, uses: [...by].sort(byText) }));
}
