// How the pods of a server spread, so that the loss of a node or a zone doesn't take all of them. It is rendered for
// any number of pods, because a template that changed with their number would replace all of them at each scaling.
import { LABELS } from '#api/labels.ts';
import type { TopologySpreadConstraint } from '#constructs/kit/kubernetes.ts';
import type { WorkloadContext } from './workload-context.ts';

const DOMAINS = ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'];

export function topologySpread({
  server,
  resolved,
}: WorkloadContext): readonly TopologySpreadConstraint[] | undefined {
  const own = server.spec.podTemplate?.spec?.topologySpreadConstraints;
  if (own !== undefined || resolved.topologySpread === 'None') return undefined;
  const whenUnsatisfiable = resolved.topologySpread === 'Required' ? 'DoNotSchedule' : 'ScheduleAnyway';
  return DOMAINS.map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable,
    labelSelector: { matchLabels: { [LABELS.app]: resolved.name } },
    // Only pods of one template count: in a rollout the old ones would push the new ones together.
    matchLabelKeys: ['pod-template-hash'],
  }));
}
