import type { ResolvedRoute } from '#api/resolve-route.ts';
import { defineCheck, type Finding } from './check.ts';
import type { ProgramView, SeenServer } from './program-view.ts';

/** What a route claims; the operator gives it to one server, whatever the classes of both. */
const claimOf = ({ host, path }: ResolvedRoute): string => `${host ?? '*'}${path.replace(/\/+$/, '')}`;

/** One server that is made twice is told as that. */
const isSame = ({ resolved: a }: SeenServer, { resolved: b }: SeenServer) =>
  a.name === b.name && a.namespace === b.namespace;

function find({ servers }: ProgramView): readonly Finding[] {
  const first = new Map<string, SeenServer>();
  return servers.flatMap((seen) => {
    const claim = claimOf(seen.resolved.route);
    const earlier = first.get(claim);
    first.set(claim, earlier ?? seen);
    if (earlier === undefined || isSame(earlier, seen)) return [];
    const { host = 'every host', path } = seen.resolved.route;
    const message = `takes ${path} on ${host}, which ${earlier.construct.node.path} has already; give one of them another prefix or host`;
    return [{ construct: seen.construct, message }];
  });
}

export const routeCollision = defineCheck({
  name: 'route-collision',
  finds: 'two servers with one host and path',
  severity: 'error',
  mayBeMeant: false,
  find,
});
