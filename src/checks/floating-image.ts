import { isExactImage } from '#constructs/kit/problems.ts';
import { defineCheck, type Finding } from './check.ts';
import type { ProgramView } from './program-view.ts';

function find({ servers }: ProgramView): readonly Finding[] {
  return servers.flatMap(({ construct, resource, resolved }) =>
    [resolved.image, resource.spec.gateway?.image ?? '']
      .filter((image) => image !== '' && !isExactImage(image))
      .map((image) => ({
        construct,
        message: `runs ${image}, which may be another one tomorrow; name a version or a digest`,
      })),
  );
}

export const floatingImage = defineCheck({
  name: 'floating-image',
  finds: 'an image of a server without a version or digest, or with the tag latest',
  severity: 'warning',
  inProduction: 'error',
  mayBeMeant: true,
  find,
});
