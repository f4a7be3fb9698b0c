// Quotas that the program's own servers break: at their largest, or as soon as one of them is rolled out.
import { milliOf, quantityText } from '#api/quantity.ts';
import { defineCheck, type Finding } from './check.ts';
import { addDemand, demandOf, mostPods, NO_DEMAND, surgePods, type Demand } from './demand.ts';
import type { ProgramView, SeenQuota, SeenServer } from './program-view.ts';

type Resource = keyof Demand;

/** A quota may name requests without saying so. */
const NAMES: readonly (readonly [string, Resource])[] = [
  ['requests.cpu', 'requests.cpu'],
  ['cpu', 'requests.cpu'],
  ['requests.memory', 'requests.memory'],
  ['memory', 'requests.memory'],
  ['limits.cpu', 'limits.cpu'],
  ['limits.memory', 'limits.memory'],
  ['pods', 'pods'],
];

const unitOf = (resource: Resource) =>
  resource === 'pods' ? 'count' : resource.endsWith('cpu') ? 'cpu' : 'memory';

/** Each resource of which more is needed than there may be, as words: `requests.cpu 1200m of 1`. */
function excess({ hard }: SeenQuota, demand: Demand): readonly string[] {
  return NAMES.flatMap(([name, resource]) => {
    const bound = hard[name];
    const most = bound === undefined ? undefined : milliOf(bound);
    if (bound === undefined || most === undefined || demand[resource] <= most) return [];
    return [`${name} ${quantityText(demand[resource], unitOf(resource))} of ${bound}`];
  });
}

/** Each quota with the servers that it bounds. */
function bounded({ quotas, servers }: ProgramView): readonly (readonly [SeenQuota, readonly SeenServer[]])[] {
  const byNamespace = new Map<string, SeenServer[]>();
  for (const seen of servers) {
    const others = byNamespace.get(seen.resolved.namespace) ?? [];
    byNamespace.set(seen.resolved.namespace, others);
    others.push(seen);
  }
  return quotas.map((quota) => [quota, byNamespace.get(quota.namespace) ?? []]);
}

function steadyDemand(servers: readonly SeenServer[]): Demand {
  return servers
    .map(({ resolved }) => demandOf(resolved, mostPods(resolved)))
    .reduce((total, each) => addDemand(total, each), NO_DEMAND);
}

function findSteady(program: ProgramView): readonly Finding[] {
  return bounded(program).flatMap(([quota, servers]) => {
    const broken = excess(quota, steadyDemand(servers));
    if (broken.length === 0) return [];
    const message = `allows less than the ${servers.length} servers of ${quota.namespace} ask for: ${broken.join(', ')}`;
    return [{ construct: quota.construct, message }];
  });
}

function findRollout(program: ProgramView): readonly Finding[] {
  return bounded(program).flatMap(([quota, servers]) => {
    const steady = steadyDemand(servers);
    if (excess(quota, steady).length > 0) return [];
    return servers.flatMap(({ construct, resolved }) => {
      const broken = excess(quota, addDemand(steady, demandOf(resolved, surgePods(resolved))));
      if (broken.length === 0) return [];
      const message = `can't be rolled out beside the other servers of ${quota.namespace} within its quota: ${broken.join(', ')}; raise the quota, or let pods be missing (rollout.maxSurge '0')`;
      return [{ construct, message }];
    });
  });
}

export const brokenQuota = defineCheck({
  name: 'broken-quota',
  finds: "a quota that the namespace's servers exceed when all of their pods run",
  severity: 'error',
  mayBeMeant: false,
  find: findSteady,
});

export const tightQuota = defineCheck({
  name: 'tight-quota',
  finds: 'a quota that leaves no room for the pods that a rollout adds',
  severity: 'warning',
  mayBeMeant: true,
  find: findRollout,
});
