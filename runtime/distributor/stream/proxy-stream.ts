// One stream to one proxy: which document it needs, and what it says of the ones it got. It knows what was put on the
// wire and what the proxy said, and decides from those; it never queues: a proxy that is slow gets the newest document
// when it is ready for one, and none of those in between.
import { isDeepStrictEqual } from 'node:util';
import {
  upMessage,
  type DownMessage,
  type PolicyMark,
  type STREAM_ENDS,
  type UpMessage,
} from '#api/distributor-api.ts';
import type { ObjectRef } from '#api/principal.ts';
import { isOlder, olderInputs, type PolicyInputName } from '#policy/document.ts';
import { parseJson } from '#runtime/kube/json.ts';
import { formFor, type DocumentForm } from './document-forms.ts';
import type { CurrentPolicy, DocumentLines } from './document-lines.ts';

/** The connection, as far as a stream needs it. */
export interface Wire {
  /** False where the other side should be given time; `drained` is called when it may go on. */
  write(line: Buffer | string): boolean;
  /** Writes what is left and closes. */
  end(line: string): void;
  /** Closes at once. */
  cut(): void;
}

export type StreamEnd = (typeof STREAM_ENDS)[number];

/** What a proxy said of itself. */
export interface ProxyWord {
  readonly enforced: PolicyMark;
  readonly audit?: Extract<UpMessage, { audit: unknown }>['audit'] | undefined;
}

export interface ProxyStreamOptions {
  readonly server: ObjectRef;
  readonly pod: { readonly namespace: string; readonly name: string; readonly uid: string };
  /** When its token ends. */
  readonly expiresAtMs: number;
  readonly wire: Wire;
  readonly lines: DocumentLines;
  readonly forms?: readonly DocumentForm[];
  readonly nowMs: () => number;
  /** The proxy has seen more of these caches than we have. */
  readonly onBehind: (behind: readonly PolicyInputName[]) => void;
  readonly onWord: (word: ProxyWord) => void;
  readonly onRefused: (refused: Extract<UpMessage, { refused: unknown }>['refused']) => void;
  readonly onDocument: () => void;
  /** This side ends it. */
  readonly onEnd: (reason: StreamEnd) => void;
}

/** What was put on the wire last. */
interface Sent {
  readonly mark: PolicyMark;
  /** In the newest schema. */
  readonly revision: string;
  /** Refused for its age. */
  isLate: boolean;
}

/** Lines a proxy may send within the time that is looked at. */
const PACE = { lines: 1_000, perMs: 10_000 } as const;

/** After so many newer views, what is still newer can't come from this cluster: it was restored, or the proxy errs. */
const MOST_ASKED = 5;

export class ProxyStream {
  readonly options: ProxyStreamOptions;
  /** Since when the other side takes nothing; undefined while it does. */
  congestedSinceMs: number | undefined;
  heardAtMs: number;
  saidAtMs: number;
  closed = false;
  private form: DocumentForm | undefined;
  private current: CurrentPolicy | undefined;
  private sent: Sent | undefined;
  /** As the proxy says it, in its schema. */
  private enforced: PolicyMark | undefined;
  private audit: ProxyWord['audit'];
  private pace = { sinceMs: 0, lines: 0 };
  /** How often a newer view was asked for, since the proxy last said what it enforces. */
  private asked = 0;

  constructor(options: ProxyStreamOptions) {
    this.options = options;
    this.heardAtMs = this.saidAtMs = options.nowMs();
  }

  /** Whether the first line has come: before, nothing is known of the proxy. */
  get isOpen(): boolean {
    return this.form !== undefined && !this.closed;
  }

  /** What the proxy enforces, in the newest schema; undefined before it said so. */
  get word(): ProxyWord | undefined {
    const { enforced, sent, audit } = this;
    if (enforced === undefined) return undefined;
    const isOurs = sent?.mark.revision === enforced.revision;
    return { enforced: isOurs ? { ...enforced, revision: sent.revision } : enforced, audit };
  }

  /** Whether the proxy enforces something else than what is current here. */
  get isBehind(): boolean {
    const mark = this.currentMark();
    return this.isOpen && mark !== undefined && this.enforced?.revision !== mark.revision;
  }

  /** Something came, if only that the other side is there. */
  heard(): void {
    this.heardAtMs = this.options.nowMs();
  }

  /** Takes a line. What is no line of ours ends the stream: there is no telling what the other side understood. */
  hear(line: string): void {
    if (this.closed) return;
    this.heard();
    if (!this.keepsPace()) {
      this.end('misbehaved', `more than ${PACE.lines} lines came within ${PACE.perMs} ms`);
      return;
    }
    if (line.trim() === '') return;
    const read = upMessage.safeParse(parseJson(line));
    // Later proxies may say more; but they have to begin as agreed.
    if (!read.success && this.form === undefined) this.end('misbehaved', 'the first line is not a hello');
    if (read.success) this.take(read.data);
  }

  private keepsPace(): boolean {
    const { heardAtMs, pace } = this;
    if (heardAtMs - pace.sinceMs > PACE.perMs) this.pace = { sinceMs: heardAtMs, lines: 0 };
    this.pace.lines += 1;
    return this.pace.lines <= PACE.lines;
  }

  private take(message: UpMessage): void {
    if ('hello' in message) {
      this.greet(message.hello);
      return;
    }
    if (this.form === undefined) {
      this.end('misbehaved', 'the first line is not a hello');
      return;
    }
    if ('enforced' in message) this.takeEnforced(message.enforced);
    else if ('audit' in message) this.takeAudit(message.audit);
    else this.takeRefused(message.refused);
  }

  private greet({ schemas, enforced }: Extract<UpMessage, { hello: unknown }>['hello']): void {
    this.form = formFor(schemas, this.options.forms);
    if (this.form === undefined) {
      this.end(
        'schema_unknown',
        `none of the schemas ${schemas.join(', ')} is served; use an image of the proxy of this version`,
      );
      return;
    }
    if (enforced === undefined) this.bringUpToDate();
    else this.takeEnforced(enforced);
    if (this.sent === undefined) this.confirm();
  }

  private takeEnforced(enforced: PolicyMark): void {
    const { sent } = this;
    this.enforced = enforced;
    this.asked = 0;
    // It has gone beyond what was sent, by another distributor or by its file: that was taken, or will be refused.
    if (sent !== undefined && sent.mark.revision !== enforced.revision && !isOlder(sent.mark, enforced))
      this.sent = undefined;
    this.tellWord();
    this.bringUpToDate();
  }

  private takeAudit(audit: ProxyWord['audit']): void {
    const isSame = isDeepStrictEqual(audit, this.audit);
    this.audit = audit;
    if (!isSame) this.tellWord();
  }

  private takeRefused(refused: Extract<UpMessage, { refused: unknown }>['refused']): void {
    this.options.onRefused(refused);
    if (this.sent?.mark.revision !== refused.revision) return;
    const { behind = [] } = refused;
    this.sent.isLate = behind.length > 0;
    this.askFor(behind);
  }

  private tellWord(): void {
    const { word } = this;
    if (word !== undefined) this.options.onWord(word);
  }

  private currentMark(): PolicyMark | undefined {
    const { current, form, options } = this;
    return current === undefined || form === undefined ? undefined : options.lines.markOf(current, form);
  }

  /** What is current now, seen from the newest view; undefined where nothing is known. */
  update(policy: CurrentPolicy | undefined): void {
    this.current = policy;
    this.bringUpToDate();
  }

  /** Sends the document where the proxy needs it, will take it and has room for it. */
  private bringUpToDate(): void {
    const { current, form, enforced, options } = this;
    if (this.closed || form === undefined || current === undefined) return;
    if (this.congestedSinceMs !== undefined) return;
    const mark = options.lines.markOf(current, form);
    if (mark === undefined || !this.needs(mark)) return;
    if (enforced !== undefined && isOlder(enforced, mark)) {
      this.askFor(olderInputs(enforced, mark));
      return;
    }
    const made = options.lines.lineOf(current, form);
    if (made === undefined) return;
    this.sent = { mark: made.mark, revision: made.revision, isLate: false };
    this.write(made.line);
    options.onDocument();
  }

  private needs(mark: PolicyMark): boolean {
    const { sent, enforced } = this;
    if (sent === undefined) return enforced?.revision !== mark.revision || enforced.epoch !== mark.epoch;
    if (sent.mark.revision !== mark.revision || sent.mark.epoch !== mark.epoch) return true;
    // It may be taken from a newer view.
    return sent.isLate && olderInputs(mark, sent.mark).length > 0;
  }

  /** Asks for a newer view of what the proxy has seen more of; a proxy that claims what nobody can see is not believed. */
  private askFor(behind: readonly PolicyInputName[]): void {
    if (behind.length === 0 || this.asked >= MOST_ASKED) return;
    this.asked += 1;
    this.options.onBehind(behind);
  }

  /** Says what is current where the proxy enforces it; an empty line otherwise, so that it hears something. */
  beat(isFresh: boolean): void {
    if (this.closed || this.congestedSinceMs !== undefined) return;
    if (!isFresh || !this.confirm()) this.write('\n');
  }

  private confirm(): boolean {
    const mark = this.currentMark();
    const { enforced } = this;
    if (mark === undefined || enforced === undefined) return false;
    if (mark.revision !== enforced.revision || mark.epoch !== enforced.epoch) return false;
    if (this.sent !== undefined && this.sent.mark.revision !== mark.revision) return false;
    this.askFor(olderInputs(enforced, mark));
    this.say({ current: mark });
    return true;
  }

  /** The other side takes again what is written. */
  drained(): void {
    this.congestedSinceMs = undefined;
    this.bringUpToDate();
  }

  end(reason: StreamEnd, message: string): void {
    if (this.closed) return;
    this.closed = true;
    this.options.onEnd(reason);
    const last: DownMessage = { end: { reason, message } };
    this.options.wire.end(`${JSON.stringify(last)}\n`);
  }

  cut(): void {
    if (this.closed) return;
    this.closed = true;
    this.options.wire.cut();
  }

  private say(message: DownMessage): void {
    this.write(`${JSON.stringify(message)}\n`);
  }

  private write(line: Buffer | string): void {
    const nowMs = this.options.nowMs();
    this.saidAtMs = nowMs;
    if (!this.options.wire.write(line)) this.congestedSinceMs = nowMs;
  }
}
