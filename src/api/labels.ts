// Labels and selectors of what is made for a server. Selectors of a Deployment can't change, so they are a contract
// with every installation there is; the app.kubernetes.io labels come on top, for people and tools.

/** Which Deployment of a server a pod belongs to. */
export type RolloutTrack = 'stable' | 'canary';

export const LABELS = {
  app: 'app',
  managedBy: 'app.kubernetes.io/managed-by',
  name: 'app.kubernetes.io/name',
  instance: 'app.kubernetes.io/instance',
  partOf: 'app.kubernetes.io/part-of',
  rolloutTrack: 'mcpruntime.org/rollout-track',
} as const;

/** Value of `managed-by` and `part-of` on everything of the platform. */
export const PLATFORM = 'mcp-runtime';

/** Labels of every object made for a server. */
export function serverLabels(server: string): Readonly<Record<string, string>> {
  return {
    [LABELS.app]: server,
    [LABELS.managedBy]: PLATFORM,
    [LABELS.name]: 'mcp-server',
    [LABELS.instance]: server,
    [LABELS.partOf]: PLATFORM,
  };
}

/** Labels of a Deployment of a server, and of its pods. */
export function workloadLabels(server: string, track: RolloutTrack): Readonly<Record<string, string>> {
  return { ...serverLabels(server), [LABELS.rolloutTrack]: track };
}

/** Selector of one Deployment of a server. */
export function deploymentSelector(server: string, track: RolloutTrack): Readonly<Record<string, string>> {
  return { [LABELS.app]: server, [LABELS.rolloutTrack]: track };
}

/** Selector of the Service and the NetworkPolicy: stable and canary pods alike. */
export function podSelector(server: string): Readonly<Record<string, string>> {
  return { [LABELS.app]: server, [LABELS.managedBy]: PLATFORM };
}
