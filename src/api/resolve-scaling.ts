// How many pods a server has, how they are spread, and how many may be missing.
import type { McpServerSpec } from './mcp-server.ts';
import { intOrPercent, type IntOrPercent } from './resolve-rollout.ts';

/** Number of pods by their load; of the targets at least one is set. */
export interface ResolvedAutoscaling {
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** In percent of what pods request. */
  readonly cpuPercent?: number | undefined;
  readonly memoryPercent?: number | undefined;
}

/** What an author who asks for autoscaling and names no target gets. */
const DEFAULT_CPU_PERCENT = 80;

export interface ResolvedScaling {
  /** Pods of the main Deployment; absent: left to an autoscaler, or to Kubernetes' default of 1. */
  readonly replicas?: number | undefined;
  /** Absent while the server is suspended. */
  readonly autoscaling?: ResolvedAutoscaling | undefined;
  /** Absent where there is at most one pod: nothing could be drained then. */
  readonly disruption?: { readonly maxUnavailable: IntOrPercent } | undefined;
  readonly topologySpread: 'Preferred' | 'Required' | 'None';
}

function autoscalingOf({ autoscaling, suspend }: McpServerSpec): ResolvedAutoscaling | undefined {
  if (autoscaling === undefined || suspend === true) return undefined;
  const { minReplicas, maxReplicas, cpuPercent, memoryPercent } = autoscaling;
  const cpu = cpuPercent ?? (memoryPercent === undefined ? DEFAULT_CPU_PERCENT : undefined);
  return { minReplicas, maxReplicas, cpuPercent: cpu, memoryPercent };
}

/** @param canaryReplicas pods that are the canary's and not the main Deployment's */
export function resolveScaling(spec: McpServerSpec, canaryReplicas: number): ResolvedScaling {
  const suspended = spec.suspend === true;
  const autoscaling = autoscalingOf(spec);
  const fewest = suspended ? 0 : (autoscaling?.minReplicas ?? spec.replicas ?? 1);
  const main = spec.replicas === undefined ? undefined : Math.max(0, spec.replicas - canaryReplicas);
  const maxUnavailable = intOrPercent(spec.disruption?.maxUnavailable ?? '1');
  return {
    replicas: suspended ? 0 : main,
    autoscaling,
    disruption: fewest < 2 ? undefined : { maxUnavailable },
    topologySpread: spec.topologySpread,
  };
}
