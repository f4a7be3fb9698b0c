// Whether something outside the cluster keeps an object there. Removing such an object starts a quarrel: its owner puts it
// back, with a new creation time, and a session that had ended would begin again. Where it is hard to tell, it counts as
// tracked, because an object too many harms nobody.
import type { ObjectMeta } from '#runtime/kube/object.ts';

export interface Tracker {
  /** Name for people. */
  readonly by: string;
  /** The label or annotation that says so. */
  readonly mark: string;
}

const ARGO = 'Argo CD';
const FLUX = 'Flux';
const HELM = 'Helm';

const ANNOTATIONS: readonly (readonly [key: string, by: string])[] = [
  ['argocd.argoproj.io/tracking-id', ARGO],
  ['argocd.argoproj.io/instance', ARGO],
  ['meta.helm.sh/release-name', HELM],
];

const LABELS: readonly (readonly [key: string, by: string])[] = [
  ['argocd.argoproj.io/instance', ARGO],
  ['kustomize.toolkit.fluxcd.io/name', FLUX],
  ['helm.toolkit.fluxcd.io/name', FLUX],
];

const MANAGED_BY = 'app.kubernetes.io/managed-by';
const INSTANCE = 'app.kubernetes.io/instance';
const MANAGERS: ReadonlyMap<string, string> = new Map([
  ['argocd', ARGO],
  ['argo-cd', ARGO],
  ['argo cd', ARGO],
  ['flux', FLUX],
  ['fluxcd', FLUX],
  ['helm', HELM],
]);

/** Who keeps the object there, as far as its labels and annotations say. */
export function trackerOf({ labels = {}, annotations = {} }: ObjectMeta): Tracker | undefined {
  for (const [key, by] of ANNOTATIONS) if (annotations[key]) return { by, mark: `annotation ${key}` };
  for (const [key, by] of LABELS) if (labels[key]) return { by, mark: `label ${key}` };
  const managedBy = labels[MANAGED_BY];
  if (managedBy) {
    const by = MANAGERS.get(managedBy.toLowerCase());
    return by === undefined ? undefined : { by, mark: `label ${MANAGED_BY}` };
  }
  // Argo CD with label tracking leaves this and nothing else; whoever sets both labels says who manages the object.
  return labels[INSTANCE] ? { by: ARGO, mark: `label ${INSTANCE}` } : undefined;
}
