// What happened to a server, as Kubernetes Events: told when it changes, never while it stays the same, so that
// `kubectl describe` reads as a story and nobody's event store fills up.
import type { McpServerStatus } from '#api/mcp-server.ts';
import type { Permission } from '#api/permission.ts';
import type { Problem } from '#api/result.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import type { ChildChange } from './apply-children.ts';

export const STORY_PERMISSIONS: readonly Permission[] = [
  {
    group: 'events.k8s.io',
    resource: 'events',
    verbs: ['create', 'patch'],
    reason: 'What happens to servers, grants and sessions is told as Events.',
  },
];

/** Where events go. */
export interface Recorder {
  record(
    regarding: KubeObject,
    event: { type: 'Normal' | 'Warning'; reason: string; action: string; note: string },
  ): void;
}

const WORDS = {
  created: 'Created',
  applied: 'Updated',
  'taken over': 'TakenOver',
  deleted: 'Deleted',
} as const;

/** At most three paths; the rest is counted. */
function pathsOf(differences: readonly string[]): string {
  if (differences.length === 0) return '';
  const shown = differences.slice(0, 3).join(', ');
  return differences.length > 3 ? `: ${shown} and ${differences.length - 3} more` : `: ${shown}`;
}

export class ServerStory {
  private readonly recorder: Recorder;
  /** What servers were last warned about. */
  private readonly warned = new Map<string, string>();

  constructor(recorder: Recorder) {
    this.recorder = recorder;
  }

  changed(server: KubeObject, changes: readonly ChildChange[]): void {
    for (const { type, name, action, differences } of changes) {
      const note = `${type.kind} ${name} ${action}${action === 'applied' ? pathsOf(differences) : ''}.`;
      this.recorder.record(server, { type: 'Normal', reason: WORDS[action], action: 'Reconcile', note });
    }
  }

  /** Tells what the server's author may not have meant, once as long as it stays the same. */
  warn(server: KubeObject, warnings: readonly Problem[]): void {
    const uid = server.metadata.uid ?? '';
    const text = warnings.map(({ path, message }) => `${path}: ${message}`).join('; ');
    if (this.warned.get(uid) === text || (text === '' && !this.warned.has(uid))) return;
    this.warned.set(uid, text);
    if (text === '') return;
    this.recorder.record(server, { type: 'Warning', reason: 'SpecWarning', action: 'Reconcile', note: text });
  }

  phase(server: KubeObject, before: McpServerStatus | undefined, after: McpServerStatus): void {
    if (after.phase === undefined || before?.phase === after.phase) return;
    const isBad = after.phase === 'Error' || (before?.phase === 'Ready' && after.phase !== 'Suspended');
    this.recorder.record(server, {
      type: isBad ? 'Warning' : 'Normal',
      reason: after.phase,
      action: 'Observe',
      note: after.message === undefined || after.message === '' ? after.phase : after.message,
    });
  }

  forget(uid: string): void {
    this.warned.delete(uid);
  }
}
