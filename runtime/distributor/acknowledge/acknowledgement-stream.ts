// What proxies said, told to the operator: every server first, a line that says so, then changes as they come. Changes
// gather for a moment, because a revocation at a server with a hundred pods is a hundred of them; what the reader is
// too slow for gathers for longer, and is told as it is by then.
import { STREAM_BEAT_MS } from '#api/distributor-api.ts';
import { keyOfText } from '#runtime/kube/object.ts';
import type { Wire } from '../stream/proxy-stream.ts';
import type { AcknowledgementBook } from './acknowledgement-book.ts';

export interface AcknowledgementStreamOptions {
  readonly book: AcknowledgementBook;
  readonly wire: Wire;
  /** Whether every proxy had the time to say something; asked until it did. */
  readonly isComplete: () => boolean;
  /** @default 50 */
  readonly gatherMs?: number;
}

/** Bytes that are written at a time. */
const CHUNK_BYTES = 64 * 1024;
const LOOK_MS = 250;

export class AcknowledgementStream {
  private readonly options: AcknowledgementStreamOptions;
  private readonly changed: Set<string>;
  private readonly stopFollowing: () => void;
  private readonly beat: NodeJS.Timeout;
  private gathering: NodeJS.Timeout | undefined;
  private completing: NodeJS.Timeout | undefined;
  private congested = false;
  private synced = false;

  constructor(options: AcknowledgementStreamOptions) {
    this.options = options;
    this.changed = new Set(options.book.serverKeys);
    this.stopFollowing = options.book.onChange((key) => this.follow(key));
    this.beat = setInterval(() => {
      if (!this.congested) this.write('\n');
    }, STREAM_BEAT_MS);
    this.flush();
    this.complete();
  }

  drained(): void {
    this.congested = false;
    this.flush();
    this.complete();
  }

  stop(): void {
    this.stopFollowing();
    clearInterval(this.beat);
    clearTimeout(this.gathering);
    clearTimeout(this.completing);
  }

  private follow(serverKey: string): void {
    this.changed.add(serverKey);
    this.gathering ??= setTimeout(() => {
      this.gathering = undefined;
      this.flush();
    }, this.options.gatherMs ?? 50);
  }

  private flush(): void {
    let chunk = '';
    for (const key of this.changed) {
      if (this.congested) break;
      this.changed.delete(key);
      chunk += `${this.lineOf(key)}\n`;
      if (chunk.length < CHUNK_BYTES) continue;
      this.write(chunk);
      chunk = '';
    }
    if (chunk !== '') this.write(chunk);
  }

  /** Says that every server was told of, once it was and the proxies had their time. */
  private complete(): void {
    if (this.synced || this.congested || this.completing !== undefined) return;
    if (this.options.isComplete()) {
      this.flush();
      // The rest of the servers comes first; `drained` looks again.
      if (this.changed.size > 0 || this.isCongested()) return;
      this.synced = true;
      this.write(`${JSON.stringify({ synced: true })}\n`);
      return;
    }
    this.completing = setTimeout(() => {
      this.completing = undefined;
      this.complete();
    }, LOOK_MS);
  }

  private isCongested(): boolean {
    return this.congested;
  }

  private lineOf(serverKey: string): string {
    const { namespace = '', name } = keyOfText(serverKey);
    return JSON.stringify(
      this.options.book.of(serverKey) ?? { server: { namespace, name }, acknowledgements: [] },
    );
  }

  private write(text: string): void {
    if (!this.options.wire.write(text)) this.congested = true;
  }
}
