// Objects of ours in every state that a tool has to tell apart, and what it should say of each.

export type Verdict = 'progressing' | 'healthy' | 'degraded';

interface Stated {
  readonly what: string;
  readonly object: object;
  readonly verdict: Verdict;
}

const condition = (type: string, status: string) => ({ type, status, message: `${type} is ${status}` });

const conditions = (ready: string, reconciling: string, stalled: string) => [
  condition('Ready', ready),
  condition('Reconciling', reconciling),
  condition('Stalled', stalled),
];

/** @param observed generation that the status speaks of, where the newest is 2 */
const object = (observed: number | undefined, list: readonly object[] | undefined) => ({
  apiVersion: 'mcpruntime.org/v1alpha1',
  kind: 'MCPServer',
  metadata: { name: 'notes', namespace: 'team-a', generation: 2 },
  status: { observedGeneration: observed, conditions: list },
});

export const STATED: readonly Stated[] = [
  { what: 'just made', object: object(-1, undefined), verdict: 'progressing' },
  { what: 'without conditions', object: object(2, []), verdict: 'progressing' },
  {
    what: 'ready in an earlier generation',
    object: object(1, conditions('True', 'False', 'False')),
    verdict: 'progressing',
  },
  {
    what: 'stalled in an earlier generation',
    object: object(1, conditions('False', 'False', 'True')),
    verdict: 'progressing',
  },
  { what: 'on its way', object: object(2, conditions('False', 'True', 'False')), verdict: 'progressing' },
  { what: 'ready', object: object(2, conditions('True', 'False', 'False')), verdict: 'healthy' },
  { what: 'stalled', object: object(2, conditions('False', 'False', 'True')), verdict: 'degraded' },
];
