// How a change goes out, and how many calls a canary gets of it.
import type { McpServerSpec } from './mcp-server.ts';
import type { ResolvedRoute } from './resolve-route.ts';
import type { Problem } from './result.ts';

/** Number of pods, or a percentage of them such as `25%`. */
export type IntOrPercent = number | string;

export interface ResolvedRollout {
  readonly strategy: 'RollingUpdate' | 'Recreate' | 'Canary';
  readonly maxUnavailable: IntOrPercent;
  readonly maxSurge: IntOrPercent;
  /** Pods of the canary Deployment; 0: there is none. */
  readonly canaryReplicas: number;
  /** How calls are divided: by the number of pods, or by weights of an HTTPRoute. */
  readonly traffic: 'ReplicaRatio' | 'Weights';
  /** Percentage of calls for the canary; with `ReplicaRatio` it is about that. */
  readonly canaryWeight: number;
  /** Revision that all pods shall run. */
  readonly promote?: string | undefined;
  /** Revision that no pod shall run any more. */
  readonly abort?: string | undefined;
}

const given = (text: string | undefined) => (text === '' ? undefined : text);

export function intOrPercent(text: string): IntOrPercent {
  return text.endsWith('%') ? text : Number(text);
}

/** Pods in percent of all; a canary that has any pods gets something to do. */
function shareOf(canaryReplicas: number, replicas: number | undefined): number {
  if (canaryReplicas === 0 || replicas === undefined || replicas === 0) return 0;
  return Math.min(100, Math.max(1, Math.round((100 * canaryReplicas) / replicas)));
}

export function resolveRollout(
  { rollout, replicas, suspend }: McpServerSpec,
  { kind }: ResolvedRoute,
): ResolvedRollout {
  const strategy = rollout?.strategy ?? 'RollingUpdate';
  const canaryReplicas = strategy === 'Canary' && suspend !== true ? (rollout?.canaryReplicas ?? 0) : 0;
  const share = shareOf(canaryReplicas, replicas);
  const weighted = strategy === 'Canary' && kind === 'HTTPRoute';
  return {
    strategy,
    maxUnavailable: intOrPercent(rollout?.maxUnavailable ?? '25%'),
    maxSurge: intOrPercent(rollout?.maxSurge ?? '25%'),
    canaryReplicas,
    traffic: weighted ? 'Weights' : 'ReplicaRatio',
    canaryWeight: weighted && canaryReplicas > 0 ? (rollout?.canaryWeight ?? share) : share,
    promote: given(rollout?.promote),
    abort: given(rollout?.abort),
  };
}

/** Longest name of a Service. */
const MAX_SERVICE_NAME = 63;

export function rolloutProblems(name: string, rollout: ResolvedRollout): readonly Problem[] {
  const { strategy, maxSurge, maxUnavailable, canaryReplicas, traffic } = rollout;
  const isNone = (value: IntOrPercent) => Number.parseInt(String(value), 10) === 0;
  const stuck = 'maxUnavailable and maxSurge cannot both be 0: no pod could ever be replaced';
  const longest = MAX_SERVICE_NAME - '-stable'.length;
  const tooLong = `must have at most ${longest} characters where a Gateway divides the calls of a canary, because it needs the Services <name>-stable and <name>-canary`;
  return [
    ...(strategy !== 'Recreate' && isNone(maxSurge) && isNone(maxUnavailable)
      ? [{ path: 'spec.rollout', message: stuck }]
      : []),
    ...(traffic === 'Weights' && canaryReplicas > 0 && name.length > longest
      ? [{ path: 'metadata.name', message: tooLong }]
      : []),
  ];
}
