// What a unit says about itself, as the control endpoint shows it.
import type { Catalogue } from './catalogue.ts';
import type { Enforcement } from './monitor.ts';
import type { PartStatus, ServerStatus } from './platform-status.ts';
import type { ServerUnit } from './server-unit.ts';
import type { StateDir } from './state-dir.ts';
import type { ProcessStatus } from './supervised-process.ts';

export function partStatus({ phase, pid, restarts, trouble }: ProcessStatus): PartStatus {
  return {
    phase,
    restarts,
    ...(pid !== undefined && { pid }),
    ...(trouble !== undefined && { trouble: { ...trouble, evidence: trouble.evidence ?? [] } }),
  };
}

/** Ready when calls pass: server and proxy run, and the proxy has a policy. */
function stateOf(unit: ServerUnit, enforcement: Enforcement): ServerStatus['state'] {
  const phases = [unit.serverStatus.phase, unit.proxyStatus.phase];
  if (phases.includes('failed')) return 'failed';
  const run = phases.every((phase) => phase === 'running');
  return run && enforcement.revision !== undefined ? 'ready' : 'starting';
}

/** Undefined for a server that the program no longer has: it lost its policy first, and is being stopped. */
export function serverStatus(
  unit: ServerUnit,
  enforcement: Enforcement,
  catalogue: Catalogue,
  dir: StateDir,
): ServerStatus | undefined {
  const document = catalogue.policyOf(unit.ref)?.document;
  if (document === undefined) return undefined;
  const { namespace, name } = unit.ref;
  const { humanHeader: human, agentHeader: agent, teamHeader: team, sessionHeader: session } = document.auth;
  return {
    namespace,
    name,
    url: unit.url,
    state: stateOf(unit, enforcement),
    server: partStatus(unit.serverStatus),
    proxy: partStatus(unit.proxyStatus),
    policy: {
      file: dir.server(namespace, name).policy,
      wanted: document.revision,
      ...(enforcement.revision !== undefined && { enforced: enforcement.revision }),
      ...(enforcement.error !== undefined && { error: enforcement.error }),
    },
    ...(enforcement.exposed && { exposedPort: unit.upstreamPort }),
    headers: { human, agent, team, session },
    tools: document.tools.map((tool) => tool.name),
  };
}
