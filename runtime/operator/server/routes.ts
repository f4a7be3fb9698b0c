// Who has a host and path. Two servers that claim the same one would take calls from each other, so the older keeps
// it and the later gets no route and is told which server has it.
import type { McpServer } from '#api/mcp-server.ts';
import { objectKey, type ObjectRef } from '#api/principal.ts';

interface Claim {
  readonly route: string;
  readonly ref: ObjectRef;
  readonly createdAt: string;
}

export interface ClaimedRoute {
  /** Absent: the route holds for every host. */
  readonly host?: string | undefined;
  readonly path: string;
}

const routeOf = ({ host, path }: ClaimedRoute): string => `${host ?? '*'}${path.replace(/\/+$/, '')}`;

/** The older first; of the same second, the one whose key sorts first. */
function compareClaims(a: Claim, b: Claim): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? -1 : 1;
  return objectKey(a.ref) < objectKey(b.ref) ? -1 : 1;
}

export class RouteBook {
  private readonly byServer = new Map<string, Claim>();
  private readonly byRoute = new Map<string, Map<string, Claim>>();

  /** Notes what a server claims. @returns keys of other servers whose answer may have changed */
  claim(server: McpServer, route: ClaimedRoute): readonly string[] {
    const ref = { namespace: server.metadata.namespace ?? 'default', name: server.metadata.name };
    const claim = { route: routeOf(route), ref, createdAt: server.metadata.creationTimestamp ?? '' };
    const key = objectKey(ref);
    const before = this.byServer.get(key);
    if (before?.route === claim.route && before.createdAt === claim.createdAt) return [];
    const left = this.release(key);
    this.byServer.set(key, claim);
    const claims = this.byRoute.get(claim.route) ?? new Map<string, Claim>();
    this.byRoute.set(claim.route, claims.set(key, claim));
    return [...left, ...[...claims.keys()].filter((other) => other !== key)];
  }

  /** Forgets a server that is gone or can't be read. @returns keys of the others that wanted the same route */
  release(key: string): readonly string[] {
    const claim = this.byServer.get(key);
    if (claim === undefined) return [];
    this.byServer.delete(key);
    const claims = this.byRoute.get(claim.route);
    claims?.delete(key);
    if (claims?.size === 0) this.byRoute.delete(claim.route);
    return [...(claims?.keys() ?? [])];
  }

  /** The older server that has what this one claims; undefined where the route is its own. */
  conflictOf(key: string): ObjectRef | undefined {
    const claim = this.byServer.get(key);
    if (claim === undefined) return undefined;
    const [first] = [...(this.byRoute.get(claim.route)?.values() ?? [])].sort(compareClaims);
    return first === undefined || first === claim ? undefined : first.ref;
  }
}
