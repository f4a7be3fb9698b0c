import { defineCheck, type Finding } from './check.ts';
import { isPublic } from './exposure.ts';
import type { ProgramView } from './program-view.ts';

function find({ servers }: ProgramView): readonly Finding[] {
  return servers.flatMap((seen) => {
    // Without a proxy there is a reason in the manifest already.
    if (seen.resolved.gateway?.auth.mode !== 'none' || !isPublic(seen)) return [];
    const { ingressClass } = seen.resolved.route;
    const message = `identifies nobody (auth none) and is on class ${ingressClass}, which is not internal; take Auth.oauth(), or an internal class`;
    return [{ construct: seen.construct, message }];
  });
}

export const openServer = defineCheck({
  name: 'open-server',
  finds: 'a server with auth none on a class that is not internal',
  severity: 'warning',
  inProduction: 'error',
  mayBeMeant: true,
  find,
});
