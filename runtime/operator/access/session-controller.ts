// One session: put on record where it was revoked, removed where its time after the end is over, and its state on its own
// status. It comes back by itself when the session ends.
import { API_GROUP } from '#api/kind.ts';
import { MCPAgentSession } from '#api/mcp-agent-session.ts';
import { parseResource } from '#api/parse.ts';
import type { Permission } from '#api/permission.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import type { Outcome, ReconcileContext } from '#runtime/kube/controller.ts';
import { isKubeError, type Kube } from '#runtime/kube/kube.ts';
import { keyOfText, keyText, type KubeObject } from '#runtime/kube/object.ts';
import { SESSION } from '#runtime/policy-book/kinds.ts';
import type { Log } from '#runtime/process/log.ts';
import type { PolicyBook } from '#runtime/policy-book/policy-book.ts';
import { serverKeyOf } from '#runtime/policy-book/server-ref.ts';
import { conditionsIn, writeAccessStatus } from './access-status.ts';
import { sessionView, type SessionView } from './session-status.ts';
import { saysRevoked, type Tombstones } from './tombstones.ts';
import { trackerOf } from './tracker.ts';

export const PERMISSIONS: readonly Permission[] = [
  {
    group: API_GROUP,
    resource: 'mcpagentsessions/status',
    verbs: ['update'],
    reason: 'Whether a session is in force, when it ends, and if it cannot be used, why.',
  },
  {
    group: API_GROUP,
    resource: 'mcpagentsessions',
    verbs: ['delete'],
    reason: 'Ended sessions are removed after their spec.ttlSecondsAfterExpired.',
  },
];

export interface SessionControllerOptions {
  readonly kube: Kube;
  readonly sessions: Cache;
  readonly book: PolicyBook;
  readonly tombstones: Tombstones;
  readonly nowMs: () => number;
  readonly log: Log;
}

const DONE: Outcome = { kind: 'done' };
const BEHIND: Outcome = { kind: 'again', afterMs: 200 };
/** Longest time between two looks: timers don't carry further than some weeks, and clocks get set. */
const LONGEST_MS = 12 * 3_600_000;
/** Deleted sessions that wait for their record. The leader needs a second for each; a standby needs none of them. */
const MOST_DEPARTED = 10_000;

export class SessionController {
  private readonly options: SessionControllerOptions;
  /** Revoked sessions that were deleted before they were put on record. */
  private readonly departed = new Map<string, KubeObject>();

  constructor(options: SessionControllerOptions) {
    this.options = options;
    options.sessions.onChange(({ type, object }) => {
      if (type !== 'deleted' || !saysRevoked(object) || options.tombstones.has(object)) return;
      const [oldest] = this.departed.keys();
      if (oldest !== undefined && this.departed.size >= MOST_DEPARTED) this.departed.delete(oldest);
      this.departed.set(keyText(object.metadata), object);
    });
  }

  /** Keys of deleted sessions that have to be reconciled once more; asked when the lease is won. */
  get departedKeys(): readonly string[] {
    return [...this.departed.keys()];
  }

  /** Has to be called for deleted sessions too. */
  async reconcile(key: string, { signal }: Pick<ReconcileContext, 'signal'>): Promise<Outcome> {
    const { sessions } = this.options;
    await this.recordDeparted(key, signal);
    const session = sessions.get(keyOfText(key));
    if (session === undefined) return DONE;
    const failure = await this.record(session, signal);
    const outcome = await this.judge(key, session, failure === undefined, signal);
    // The policy and the status say revoked all the same: only coming back is not prevented yet.
    return failure === undefined ? outcome : { kind: 'retry', error: failure };
  }

  private async recordDeparted(key: string, signal: AbortSignal): Promise<void> {
    const departed = this.departed.get(key);
    if (departed === undefined) return;
    await this.options.tombstones.record(departed, signal);
    this.departed.delete(key);
  }

  private async record(session: KubeObject, signal: AbortSignal): Promise<unknown> {
    const { tombstones } = this.options;
    if (!saysRevoked(session) || tombstones.has(session)) return undefined;
    try {
      await tombstones.record(session, signal);
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** @param mayGo false while the record is missing without which a revoked session could come back */
  private async judge(
    key: string,
    session: KubeObject,
    mayGo: boolean,
    signal: AbortSignal,
  ): Promise<Outcome> {
    if (session.metadata.deletionTimestamp !== undefined) return DONE;
    const { kube } = this.options;
    const { status, isToBeRemoved, lookAgainMs } = this.view(key, session);
    if (isToBeRemoved && mayGo) return await this.remove(session, signal);
    const written = await writeAccessStatus(kube, SESSION, session, status, signal);
    if (written === 'behind') return BEHIND;
    if (lookAgainMs === undefined || written === 'gone') return DONE;
    return { kind: 'again', afterMs: Math.min(Math.max(1, lookAgainMs), LONGEST_MS) };
  }

  private view(key: string, session: KubeObject): SessionView {
    const { book, tombstones, nowMs } = this.options;
    const { metadata } = session;
    const serverKey = serverKeyOf(session);
    const policy = serverKey === undefined ? {} : book.of(serverKey);
    const namespace = metadata.namespace ?? '';
    return sessionView({
      namespace,
      generation: metadata.generation ?? 0,
      session: parseResource(MCPAgentSession, session),
      serverKey,
      policy,
      report: policy.sessions?.get(key),
      tombstones: tombstones.of({ namespace, name: metadata.name }),
      tracker: trackerOf(metadata),
      previous: conditionsIn(session),
      nowMs: nowMs(),
    });
  }

  /** Exactly the object that was judged: one that got a later end meanwhile stays. */
  private async remove(session: KubeObject, signal: AbortSignal): Promise<Outcome> {
    const { kube, log } = this.options;
    const { uid, resourceVersion } = session.metadata;
    try {
      await kube.delete(SESSION, session.metadata, { uid, resourceVersion }, signal);
      log.info({ session: keyText(session.metadata) }, 'An ended session was removed, as its spec asks for.');
      return DONE;
    } catch (error) {
      if (isKubeError(error, 'conflict')) return BEHIND;
      throw error;
    }
  }
}
