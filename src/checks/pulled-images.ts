// Which images a program makes a cluster pull: what the program calls them, and what the cluster does, which is another
// name where the environment has a mirror.
import { mirroredImage } from '#api/image-mirror.ts';
import { resolveImage } from '#api/image.ts';
import { imageSlots } from '#constructs/kit/image-slots.ts';
import { manifestKey, writtenManifestOf } from '#constructs/kit/manifest.ts';
import { settingsOf } from '#constructs/kit/settings.ts';
import type { IConstruct } from 'constructs';
import type { ProgramView } from './program-view.ts';

export interface PulledImage {
  readonly construct: IConstruct;
  /** As it is called in the registry that it comes from: `registry.example.org/team/notes:1.2.0`. */
  readonly source: string;
  /** As nodes pull it. */
  readonly image: string;
  /** Who pulls it: `apps/Deployment mcp-runtime/mcp-runtime-distributor, distributor`. */
  readonly by: string;
}

function ofPods({ others }: ProgramView): readonly PulledImage[] {
  return others.flatMap((construct) => {
    const manifest = writtenManifestOf(construct);
    const slots = imageSlots(manifest);
    if (slots.length === 0) return [];
    const { imageMirror: mirror } = settingsOf(construct);
    return slots.map(({ image: source, of }) => {
      const image = mirror === undefined ? source : mirroredImage(source, mirror);
      return { construct, source, image, by: `${manifestKey(manifest)}, ${of}` };
    });
  });
}

function ofServers({ servers, config }: ProgramView): readonly PulledImage[] {
  const withoutMirror = { ...config, imageMirror: undefined };
  return servers.flatMap(({ construct, resource, resolved }) => {
    const { namespace = '', name } = resource.metadata;
    const by = `mcpruntime.org/MCPServer ${namespace}/${name}`;
    const own = { construct, by, source: resolveImage(resource.spec, withoutMirror), image: resolved.image };
    const source = resource.spec.gateway?.image ?? '';
    if (source === '') return [own];
    return [own, { construct, by: `${by}, proxy`, source, image: resolved.gateway?.image ?? source }];
  });
}

/** In the order of the program, pods first; an image that several use is there for each of them. */
export function pulledImages(view: ProgramView): readonly PulledImage[] {
  return [...ofPods(view), ...ofServers(view)];
}
