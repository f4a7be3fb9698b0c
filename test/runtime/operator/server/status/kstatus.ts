// kstatus' rules for custom resources, as sigs.k8s.io/cli-utils applies them: what Flux, Argo CD (through its library)
// and `kubectl wait` conclude from an object's generation and conditions.
import type { McpServerStatus } from '#api/mcp-server.ts';

export type Kstatus = 'Current' | 'InProgress' | 'Failed' | 'Terminating';

export interface Subject {
  readonly generation: number;
  readonly deleted?: boolean;
  readonly status: McpServerStatus;
}

export function kstatusOf({ generation, deleted = false, status }: Subject): Kstatus {
  if (deleted) return 'Terminating';
  if (status.observedGeneration !== generation) return 'InProgress';
  const conditions = status.conditions ?? [];
  for (const { type, status: value } of conditions) {
    if (type === 'Reconciling' && value === 'True') return 'InProgress';
    if (type === 'Stalled' && value === 'True') return 'Failed';
  }
  const ready = conditions.find(({ type }) => type === 'Ready');
  return ready === undefined || ready.status === 'True' ? 'Current' : 'InProgress';
}
