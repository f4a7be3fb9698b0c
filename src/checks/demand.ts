// What the pods of a server ask of their namespace's quota.
import { milliOf } from '#api/quantity.ts';
import type { IntOrPercent, ResolvedServer } from '#api/resolve.ts';

/** In thousandths, by the names that a ResourceQuota has for it. */
export type Demand = Readonly<
  Record<'requests.cpu' | 'requests.memory' | 'limits.cpu' | 'limits.memory' | 'pods', number>
>;

export const NO_DEMAND: Demand = {
  'requests.cpu': 0,
  'requests.memory': 0,
  'limits.cpu': 0,
  'limits.memory': 0,
  pods: 0,
};

/** The pods of a server when it has the most; while it is suspended, none. */
export function mostPods({ replicas = 1, autoscaling, rollout, suspended }: ResolvedServer): number {
  return suspended ? 0 : (autoscaling?.maxReplicas ?? replicas) + rollout.canaryReplicas;
}

function ofPercent(value: IntOrPercent, pods: number): number {
  return typeof value === 'number' ? value : Math.ceil((Number.parseInt(value, 10) * pods) / 100);
}

/** The pods that a rollout adds for as long as it takes. */
export function surgePods(server: ResolvedServer): number {
  const { strategy, maxSurge } = server.rollout;
  return strategy === 'Recreate' ? 0 : ofPercent(maxSurge, mostPods(server));
}

/** What a number of pods of this server ask for: the server's container and its proxy. */
export function demandOf({ resources, gateway }: ResolvedServer, pods: number): Demand {
  const containers = [resources, ...(gateway === undefined ? [] : [gateway.resources])];
  const sum = (of: 'requests' | 'limits', what: 'cpu' | 'memory') =>
    pods * containers.reduce((total, each) => total + (milliOf(each[of][what]) ?? 0), 0);
  return {
    'requests.cpu': sum('requests', 'cpu'),
    'requests.memory': sum('requests', 'memory'),
    'limits.cpu': sum('limits', 'cpu'),
    'limits.memory': sum('limits', 'memory'),
    pods: pods * 1000,
  };
}

export function addDemand(a: Demand, b: Demand): Demand {
  return {
    'requests.cpu': a['requests.cpu'] + b['requests.cpu'],
    'requests.memory': a['requests.memory'] + b['requests.memory'],
    'limits.cpu': a['limits.cpu'] + b['limits.cpu'],
    'limits.memory': a['limits.memory'] + b['limits.memory'],
    pods: a.pods + b.pods,
  };
}
