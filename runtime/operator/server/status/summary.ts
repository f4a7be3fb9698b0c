// All statements in one: Ready, Reconciling and Stalled, of which exactly one holds, so that kstatus, Argo CD and Flux
// read the same as people; a phase, and a sentence of what runs, what is missing and what to do.
//
// A server that is scaled to zero as asked is Ready (kstatus: Current): everything its spec asks for is there, and who
// waits for it must not wait for ever. That nothing serves is said by the phase Suspended, by every boolean and by the
// reason ScaledToZero.
import { CONDITION_REASONS, SERVER_CONDITIONS, type ConditionReason } from '#api/conditions.ts';
import type { McpServerStatus } from '#api/mcp-server.ts';
import type { Finding } from './finding.ts';
import { whatRuns } from './running.ts';
import type { Scene } from './scene.ts';
import { hindrances, type Statement } from './statements.ts';
import { sentence, shortRevision } from './words.ts';

export interface Summary {
  readonly phase: NonNullable<McpServerStatus['phase']>;
  readonly reason: ConditionReason;
  readonly message: string;
  readonly state: 'ready' | 'reconciling' | 'stalled';
}

function where({ input }: Scene): string {
  const { url, host, path } = input.resolved.route;
  return url ?? (host === undefined ? `path ${path} of any host` : `${host}${path}`);
}

function readyMessage(scene: Scene): string {
  const { observed, input } = scene;
  const revision = observed.policyRevision;
  const { gateway } = input.resolved;
  const governed =
    gateway === undefined
      ? 'Calls are neither checked nor recorded: the gateway is off.'
      : `Policy ${shortRevision(revision ?? '')} is in force${gateway.analytics === undefined ? ', and nothing records what it decides' : ''}.`;
  return `${sentence(whatRuns(scene) ?? 'No pod runs')} ${governed} Reached at ${where(scene)}.`;
}

function zeroMessage({ input }: Scene): string {
  return input.resolved.suspended
    ? 'Suspended: no pod runs until spec.suspend is removed.'
    : 'Scaled to zero: no pod runs until replicas are asked for.';
}

/** What somebody has to act on comes before what may come by itself. */
const urgency = ({ stalled, reason }: Finding): number =>
  stalled === true ? 0 : reason === CONDITION_REASONS.WAITING ? 2 : 1;

/** Consequences are left out where a cause is told. */
function troubleMessage(scene: Scene, findings: readonly Finding[]): string {
  const causes = findings.filter(({ follows }) => follows !== true);
  const told = (causes.length > 0 ? causes : findings)
    .toSorted((a, b) => urgency(a) - urgency(b))
    .map(({ message }) => sentence(message));
  const runs = whatRuns(scene);
  return [...new Set(told), ...(runs === undefined ? [] : [`Meanwhile ${runs}.`])].join(' ');
}

function phaseOf(scene: Scene, statements: readonly Statement[], state: Summary['state']): Summary['phase'] {
  if (state === 'stalled') return 'Error';
  if (scene.scaledToZero) return 'Suspended';
  if (state === 'ready') return 'Ready';
  const some = statements.some(
    ({ type, counts, finding }) => counts && type !== SERVER_CONDITIONS.ACCEPTED && finding.status === 'True',
  );
  return some ? 'PartiallyReady' : 'Pending';
}

export function summaryOf(scene: Scene, statements: readonly Statement[]): Summary {
  const findings = hindrances(scene, statements);
  const first = findings.toSorted((a, b) => urgency(a) - urgency(b))[0];
  const state = first === undefined ? 'ready' : first.stalled === true ? 'stalled' : 'reconciling';
  const phase = phaseOf(scene, statements, state);
  if (first !== undefined) {
    return { phase, state, reason: first.reason, message: troubleMessage(scene, findings) };
  }
  return scene.scaledToZero
    ? { phase, state, reason: CONDITION_REASONS.SCALED_TO_ZERO, message: zeroMessage(scene) }
    : { phase, state, reason: CONDITION_REASONS.OBSERVED, message: readyMessage(scene) };
}
