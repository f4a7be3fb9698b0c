// What the stages work with; made once by `proxy.ts`.
import type { Clock } from '#runtime/process/clock.ts';
import type { Log } from '#runtime/process/log.ts';
import type { EventIds } from './audit/event-id.ts';
import type { BufferGarbage } from './buffer-garbage.ts';
import type { ProxyConfig } from './config.ts';
import type { Departures } from './departures.ts';
import type { HostCheck } from './edge/host-check.ts';
import type { ClientMessageReader } from './json/client-message.ts';
import type { ServerMessageReader } from './json/server-message.ts';
import type { KeyRing } from './keys/key-ring.ts';
import type { Peers } from './peers/peers.ts';
import type { PolicySource } from './policy/policy-source.ts';
import type { Recorder } from './recorder.ts';
import type { ByteBudget } from './state/byte-budget.ts';
import type { Forwarded } from './state/forwarded.ts';
import type { Journal } from './state/journal.ts';
import type { KnownCallers } from './state/known-callers.ts';
import type { Places } from './state/places.ts';
import type { RateMeter } from './state/rate-meter.ts';
import type { McpSessions } from './sessions/mcp-sessions.ts';
import type { RequestLedger } from './state/request-ledger.ts';
import type { ResumeIds } from './sessions/resume-ids.ts';
import type { SessionLedger } from './state/session-ledger.ts';
import type { Upstream } from './upstream/upstream.ts';

export interface ProxyServices {
  readonly config: ProxyConfig;
  readonly clock: Clock;
  readonly log: Log;
  readonly ids: EventIds;
  readonly hostCheck: HostCheck;
  readonly policy: PolicySource;
  readonly upstream: Upstream;
  readonly departures: Departures;
  readonly keys: KeyRing;
  readonly sessions: McpSessions;
  readonly resumeIds: ResumeIds;
  /** Undefined where nothing is handed over. */
  readonly peers: Peers | undefined;
  readonly journal: Journal;
  readonly ledger: SessionLedger;
  readonly requests: RequestLedger;
  readonly places: Places;
  readonly callers: KnownCallers;
  readonly toolRates: RateMeter;
  /** Memory for request bodies. */
  readonly bodies: ByteBudget;
  /** Memory for answers under way. */
  readonly answers: ByteBudget;
  readonly bufferGarbage: BufferGarbage;
  readonly recorder: Recorder;
  readonly clientMessages: ClientMessageReader;
  readonly serverMessages: ServerMessageReader;
  readonly forwarded: Forwarded;
}
