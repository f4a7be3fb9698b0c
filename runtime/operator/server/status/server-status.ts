// The status of a server: one pure function of what is asked for, what was observed and the time. Of an old status
// only the transition times count, so nothing in it can outlive what it spoke of, and whoever computes it next comes
// to the same.
import { CONDITION_REASONS, SERVER_CONDITIONS, type ServerConditionType } from '#api/conditions.ts';
import type { McpServerStatus } from '#api/mcp-server.ts';
import type { Problem } from '#api/result.ts';
import type { StatusInput } from './observed-server.ts';
import { resolvedValues } from './resolved-values.ts';
import { sceneOf, type Scene } from './scene.ts';
import { statementsOf, type Statement } from './statements.ts';
import { bounded, conditionsOf, summaryFindings } from './status-conditions.ts';
import { summaryOf } from './summary.ts';
import { sentence } from './words.ts';

export { isSameStatus } from './same-status.ts';

export interface ServerStatusResult {
  readonly status: McpServerStatus;
  /** After how long time alone changes the answer; absent where only an event does. */
  readonly lookAgainMs?: number | undefined;
}

const holdsIn = (statements: readonly Statement[]) => (type: ServerConditionType) =>
  statements.some((each) => each.type === type && each.finding.status === 'True');

function podCounts({ tracks }: Scene): Pick<McpServerStatus, 'replicas' | 'readyReplicas'> {
  const counts = tracks.flatMap(({ deployment }) => (deployment === undefined ? [] : [deployment.status]));
  return {
    replicas: counts.reduce((sum, { replicas }) => sum + replicas, 0),
    readyReplicas: counts.reduce((sum, { readyReplicas }) => sum + readyReplicas, 0),
  };
}

function canaryState({ observed, input }: Scene): Pick<McpServerStatus, 'rollout'> {
  const { rollout } = observed;
  if (rollout === undefined) return {};
  const { stableRevision, canaryRevision, phase, traffic } = rollout;
  return {
    rollout: {
      ...(stableRevision !== undefined && { stableRevision }),
      ...(canaryRevision !== undefined && { canaryRevision }),
      phase,
      traffic,
      canaryWeight: input.resolved.rollout.canaryWeight,
    },
  };
}

function lookAgainOf(statements: readonly Statement[]): number | undefined {
  const times = statements.flatMap(({ finding }) => finding.lookAgainMs ?? []);
  return times.length === 0 ? undefined : Math.max(1, Math.min(...times));
}

export function serverStatus(input: StatusInput): ServerStatusResult {
  const scene = sceneOf(input);
  const statements = statementsOf(scene);
  const summary = summaryOf(scene, statements);
  const holds = holdsIn(statements);
  const generation = input.server.metadata.generation ?? 0;
  const { policyRevision } = input.observed;
  const status: McpServerStatus = {
    observedGeneration: generation,
    phase: summary.phase,
    message: bounded(summary.message),
    deploymentReady: holds(SERVER_CONDITIONS.DEPLOYMENT_READY),
    serviceReady: holds(SERVER_CONDITIONS.SERVICE_READY),
    ingressReady: holds(SERVER_CONDITIONS.INGRESS_READY),
    gatewayReady: holds(SERVER_CONDITIONS.GATEWAY_READY),
    policyReady: holds(SERVER_CONDITIONS.POLICY_READY),
    canaryReady: holds(SERVER_CONDITIONS.CANARY_READY),
    ...podCounts(scene),
    ...(input.resolved.gateway !== undefined && policyRevision !== undefined && { policyRevision }),
    ...canaryState(scene),
    resolved: resolvedValues(scene),
    conditions: conditionsOf([...summaryFindings(summary), ...statements], {
      generation,
      previous: input.previous?.conditions ?? [],
      nowMs: input.nowMs,
    }),
  };
  return { status, lookAgainMs: lookAgainOf(statements) };
}

/**
 * The status of a server whose spec can't be carried out. Nothing was looked at, so nothing is claimed: every statement
 * is Unknown, and what ran before goes on running.
 */
export function invalidServerStatus(
  generation: number,
  problems: readonly Problem[],
  previous: McpServerStatus | undefined,
  nowMs: number,
): McpServerStatus {
  const reason = CONDITION_REASONS.INVALID_SPEC;
  const message = bounded(
    sentence(problems.map((each) => `${each.path} ${each.message}`).join('; ') || 'the spec is not valid'),
  );
  const summary = summaryFindings({ state: 'stalled', reason, message });
  const told = new Set(summary.map(({ type }) => type));
  const unknown = {
    status: 'Unknown',
    reason,
    message: 'Not looked at, because the spec is not valid',
  } as const;
  const others = Object.values(SERVER_CONDITIONS).filter((type) => !told.has(type));
  return {
    observedGeneration: generation,
    phase: 'Error',
    message,
    deploymentReady: false,
    serviceReady: false,
    ingressReady: false,
    gatewayReady: false,
    policyReady: false,
    canaryReady: false,
    conditions: conditionsOf([...summary, ...others.map((type) => ({ type, finding: unknown }))], {
      generation,
      previous: previous?.conditions ?? [],
      nowMs,
    }),
  };
}
