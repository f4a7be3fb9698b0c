// What happened to a server, as Kubernetes Events: told when it changes, never while it stays the same, so that
// `kubectl describe` reads as a story and nobody's event store fills up. What was told before is read off the status
// before, so that a restarted operator does not tell it all again.
import { CONDITION_REASONS, SERVER_CONDITIONS } from '#api/conditions.ts';
import type { McpServerStatus } from '#api/mcp-server.ts';
import type { Permission } from '#api/permission.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import type { ChildChange } from './apply-children.ts';
import { isWell } from './status/written-status.ts';

export const PERMISSIONS: readonly Permission[] = [
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

const ACTIONS = ['taken over', 'created', 'applied', 'deleted'] as const;

/** Paths that are named of one child; the rest is counted. */
const MOST_PATHS = 3;

/** `env[{"name":"HOST"}]: differs` as people say it: `env[HOST]`. */
function pathText(difference: string): string {
  const path = difference.replace(/: [^:"]*$/, '');
  return path.replaceAll(/\[(\{[^[\]]*\})\]/g, (whole, key: string) => {
    const values = [...key.matchAll(/:"?([^",}]+)"?/g)].map(([, value]) => value);
    return values.length === 0 ? whole : `[${values.join('/')}]`;
  });
}

function childText({ type, name, action, differences }: ChildChange): string {
  const child = `${type.kind} ${name}`;
  if (action !== 'applied' || differences.length === 0) return child;
  const paths = [...new Set(differences.map(pathText))];
  const rest = paths.length - MOST_PATHS;
  const more = rest > 0 ? ` and ${rest} more` : '';
  return `${child} (${paths.slice(0, MOST_PATHS).join(', ')}${more})`;
}

/** Reasons that say no more than that something takes its time. A container that starts is not ready either. */
const PASSING: ReadonlySet<string> = new Set([
  CONDITION_REASONS.OBSERVED,
  CONDITION_REASONS.WAITING,
  CONDITION_REASONS.SYNCING,
  CONDITION_REASONS.READINESS_FAILING,
]);

const conditionIn = (status: McpServerStatus | undefined, type: string) =>
  status?.conditions?.find((each) => each.type === type);

const reasonOf = (status: McpServerStatus | undefined) =>
  conditionIn(status, SERVER_CONDITIONS.READY)?.reason ?? '';

type Headline = Pick<Parameters<Recorder['record']>[1], 'type' | 'reason'>;

/** What became of the server; undefined where that is no news. */
function headlineOf(before: McpServerStatus | undefined, after: McpServerStatus): Headline | undefined {
  const { phase = 'Pending', observedGeneration } = after;
  if (isWell(after)) return before?.phase === phase ? undefined : { type: 'Normal', reason: phase };
  const isSameSpec = before?.observedGeneration === observedGeneration;
  const reason = reasonOf(after);
  if (phase === 'Error' || !PASSING.has(reason)) {
    const isKnown =
      isSameSpec && reason === reasonOf(before) && (phase === 'Error') === (before.phase === 'Error');
    return isKnown ? undefined : { type: 'Warning', reason };
  }
  if (!isWell(before)) return undefined;
  return isSameSpec ? { type: 'Warning', reason: 'NotReady' } : { type: 'Normal', reason: 'Reconciling' };
}

export class ServerStory {
  private readonly recorder: Recorder;

  constructor(recorder: Recorder) {
    this.recorder = recorder;
  }

  /** What was done to children in one pass, one event for each way. */
  changed(server: KubeObject, changes: readonly ChildChange[]): void {
    for (const action of ACTIONS) {
      const children = changes.filter((change) => change.action === action).map(childText);
      if (children.length === 0) continue;
      const note = `${children.join(', ')}.`;
      this.recorder.record(server, { type: 'Normal', reason: WORDS[action], action: 'Reconcile', note });
    }
  }

  /** That its keys were lost, with what they had sealed. */
  keysReplaced(server: KubeObject, note: string): void {
    this.recorder.record(server, { type: 'Warning', reason: 'KeysReplaced', action: 'Reconcile', note });
  }

  /** What a new status says that the one before did not. */
  told(server: KubeObject, before: McpServerStatus | undefined, after: McpServerStatus): void {
    const headline = headlineOf(before, after);
    if (headline !== undefined) {
      this.recorder.record(server, {
        ...headline,
        action: 'Observe',
        note: after.message ?? headline.reason,
      });
    }
    const honoured = conditionIn(after, SERVER_CONDITIONS.SPEC_HONOURED);
    if (honoured?.status !== 'False') return;
    if (honoured.message === conditionIn(before, SERVER_CONDITIONS.SPEC_HONOURED)?.message) return;
    const note = honoured.message;
    this.recorder.record(server, { type: 'Warning', reason: 'SpecWarning', action: 'Reconcile', note });
  }
}
