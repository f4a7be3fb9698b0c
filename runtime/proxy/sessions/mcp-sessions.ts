// MCP sessions of the legacy era: which one a request belongs to, what its caller sees of it, and which of them live in
// this pod.
import type { Clock } from '#runtime/process/clock.ts';
import type { Exchange } from '../exchange.ts';
import { BoundedMap } from '../state/bounded-map.ts';
import type { PlacedSession, SessionSeal } from './session-seal.ts';

/** This pod, as its peers know it; empty texts where there are none. */
export interface Pod {
  readonly host: string;
  readonly uid: string;
}

const HEADER = 'mcp-session-id';
const LIVE_KEPT = 20_000;

export class McpSessions {
  /** Port of the listener for peers, once it is open. */
  peerPort = 0;
  /** The pod ends, and its sessions are gone. */
  over = false;
  private readonly seal: SessionSeal;
  private readonly pod: Pod;
  private readonly clock: Clock;
  /** When each session of this pod was last used, on the monotonic clock. */
  private readonly live = new BoundedMap<number>(LIVE_KEPT);

  constructor(seal: SessionSeal, pod: Pod, clock: Clock) {
    this.seal = seal;
    this.pod = pod;
    this.clock = clock;
  }

  /** Undefined where the id opens no session for this caller. */
  open(sealed: string, subjectKey: string): PlacedSession | undefined {
    const session = this.seal.open(sealed, subjectKey);
    return session !== undefined && this.over && this.isHere(session) ? undefined : session;
  }

  isHere({ podUid }: PlacedSession): boolean {
    return podUid === this.pod.uid;
  }

  /** Notes that a session of this pod is in use. */
  use({ id }: PlacedSession): void {
    this.live.set(id, this.clock.monotonicMs());
  }

  /** Notes that the server knows a session no more. */
  ended({ id }: PlacedSession): void {
    this.live.delete(id);
  }

  /** Whether a session of this pod was used within so many milliseconds. */
  usedWithin(ms: number): boolean {
    const sinceMs = this.clock.monotonicMs() - ms;
    for (const usedMs of this.live.values()) if (usedMs > sinceMs) return true;
    return false;
  }

  /**
   * The headers of an answer with the server's id of the session replaced by the caller's. Undefined where that can't
   * be: without it a caller would go on without its session.
   */
  shown(headers: readonly string[], exchange: Exchange): readonly string[] | undefined {
    if (!headers.includes(HEADER)) return headers;
    const shown: string[] = [];
    for (let at = 0; at < headers.length; at += 2) {
      const [name = '', value = ''] = [headers[at], headers[at + 1]];
      // Modern answers have no session.
      if (name === HEADER && exchange.message?.modern === true) continue;
      const own = name === HEADER ? this.sealedFor(value, exchange) : value;
      if (own === undefined) return undefined;
      shown.push(name, own);
    }
    return shown;
  }

  private sealedFor(id: string, exchange: Exchange): string | undefined {
    const { mcpSession, head, subjectKey } = exchange;
    if (mcpSession?.id === id) return head?.mcpSessionId;
    const { host, uid: podUid } = this.pod;
    const session = { host, port: this.peerPort, podUid, id };
    const sealed = this.seal.seal(session, subjectKey);
    if (sealed === undefined) return undefined;
    this.use(session);
    exchange.mcpSession ??= session;
    return sealed;
  }
}
