// From the objects of a program to the processes that it means on this machine.
import { DEFAULT_OPERATOR_CONFIG } from '#api/operator-config.ts';
import { objectKey } from '#api/principal.ts';
import { resolve } from '#api/resolve.ts';
import type { McpServer } from '#api/mcp-server.ts';
import { isSameRef, refOf, type Model } from './model.ts';
import type { Remark } from './reporter.ts';
import type { ServerDescription } from './server-unit.ts';
import type { LocalCommand, Synthesis } from './synthesis.ts';

export interface DescribedServers {
  readonly descriptions: readonly ServerDescription[];
  /** Servers that are described and do not run here, with the reason. */
  readonly notRun: readonly Remark[];
}

export function describeServers(model: Model, synthesis: Synthesis, program: string): DescribedServers {
  const descriptions: ServerDescription[] = [];
  const notRun: Remark[] = [];
  for (const server of model.servers) {
    const ref = refOf(server);
    const made = synthesis.servers.find((candidate) =>
      isSameRef({ name: candidate.name, namespace: candidate.namespace || 'default' }, ref),
    );
    const where = made === undefined ? program : `${program} (${made.path})`;
    const { local } = made ?? {};
    if (server.spec.suspend === true) {
      notRun.push({ where, message: `server ${objectKey(ref)} is suspended, so it is not started` });
    } else if (local === undefined) {
      const remedy = "give it local: { command: 'node', args: ['server.js'] } to run it";
      notRun.push({ where, message: `server ${objectKey(ref)} does not say how it starts here; ${remedy}` });
    } else {
      descriptions.push(describe(server, where, local));
    }
  }
  return { descriptions, notRun };
}

function describe(server: McpServer, origin: string, local: LocalCommand): ServerDescription {
  // A proxy stands before every server here, as constructs have it; a raw object may have it off.
  const gateway = { port: 8091, ...server.spec.gateway, enabled: true };
  const resolved = resolve({ ...server, spec: { ...server.spec, gateway } }, DEFAULT_OPERATOR_CONFIG);
  return {
    ref: refOf(server),
    origin,
    local,
    env: Object.fromEntries((server.spec.envVars ?? []).map(({ name, value }) => [name, value])),
    allowedHosts: resolved.gateway?.allowedHosts ?? [],
    allowedOrigins: resolved.gateway?.allowedOrigins ?? [],
    forwardHeaders: resolved.gateway?.forwardHeaders ?? [],
  };
}
