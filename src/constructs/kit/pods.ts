// What the pods of the platform's own programs have in common.
import type { ResolvedResources } from '#api/resolve-resources.ts';
import type { DeepReadonly } from './deep-readonly.ts';
import {
  IntOrString,
  Quantity,
  type PodTemplateSpec,
  type Probe,
  type ResourceRequirements,
} from './kubernetes.ts';

const quantities = ({ cpu, memory }: { readonly cpu: string; readonly memory: string }) => ({
  cpu: Quantity.fromString(cpu),
  memory: Quantity.fromString(memory),
});

export function resourcesOf({ requests, limits }: DeepReadonly<ResolvedResources>): ResourceRequirements {
  return { requests: quantities(requests), limits: quantities(limits) };
}

/** Of a page of the port with this name. */
export function pageProbe(
  port: string,
  path: string,
  times: { readonly initialDelaySeconds?: number; readonly periodSeconds: number },
): Probe {
  return { httpGet: { path, port: IntOrString.fromString(port) }, ...times };
}

type Placement = Pick<NonNullable<PodTemplateSpec['spec']>, 'affinity' | 'topologySpreadConstraints'>;

/** Apart from each other where the cluster has the room, and somewhere in any case. */
export function apart(labels: Readonly<Record<string, string>>): Placement {
  const labelSelector = { matchLabels: { ...labels } };
  const term = { labelSelector, topologyKey: 'kubernetes.io/hostname' };
  return {
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }],
      },
    },
    topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map(
      (topologyKey) => ({ maxSkew: 1, topologyKey, whenUnsatisfiable: 'ScheduleAnyway', labelSelector }),
    ),
  };
}
