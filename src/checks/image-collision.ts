import { exactName } from '#api/image-name.ts';
import { defineCheck, type Finding } from './check.ts';
import type { ProgramView } from './program-view.ts';
import { pulledImages } from './pulled-images.ts';

function find(view: ProgramView): readonly Finding[] {
  const first = new Map<string, string>();
  return pulledImages(view).flatMap(({ construct, source, image }) => {
    const name = exactName(image);
    const earlier = first.get(name);
    first.set(name, earlier ?? source);
    if (earlier === undefined || exactName(earlier) === exactName(source)) return [];
    return [
      {
        construct,
        message: `runs ${source}, which images.mirror calls ${image}, and so it calls ${earlier}; give one of them another path or tag`,
      },
    ];
  });
}

export const imageCollision = defineCheck({
  name: 'image-collision',
  finds: 'two images of different registries that have one name in the mirror of the environment',
  severity: 'error',
  mayBeMeant: false,
  find,
});
