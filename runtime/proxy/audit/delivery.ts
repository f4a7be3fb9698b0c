// Carries events from the spool to ingest, in order, at least once. It goes on for as long as the process lives: an
// ingest that is away is asked again, an event that ingest will never take is set aside so that the rest can pass.
import http from 'node:http';
import https from 'node:https';
import { urlToHttpOptions } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import fsp from 'node:fs/promises';
import { INGEST_LIMITS } from '#api/audit-event.ts';
import type { Log } from '#runtime/process/log.ts';
import type { EventLines } from './event-lines.ts';
import { Room } from './room.ts';
import type { Spool } from './spool.ts';
import type { TokenFile } from './token-file.ts';

export interface DeliveryOptions {
  readonly spool: Spool;
  /** `http://…/events` */
  readonly url: URL;
  readonly apiKey: string | undefined;
  /** Sent where there is no key. */
  readonly token?: TokenFile | undefined;
  /** Whether batches above 1 KiB are packed with gzip. */
  readonly compress: boolean;
  readonly log: Log;
  /** File for events that ingest refuses for good. */
  readonly parkFile: string;
  /** First and longest wait between two attempts. @default 100 and 10 000 */
  readonly backoffMs?: { readonly first: number; readonly longest: number };
  /** How long attempts may fail before events count as delayed. @default 15 000 */
  readonly delayedAfterMs?: number;
}

export interface DeliveryCounts {
  delivered: number;
  parked: number;
  failedAttempts: number;
}

type Outcome = 'accepted' | 'retry' | 'poison';

const compress = promisify(gzip);
const COMPRESS_ABOVE = 1024;
const READ_BYTES = Math.floor(INGEST_LIMITS.bodyBytes / 4);
const PARK_BYTES = 1024 * 1024;
const TIMEOUT_MS = 10_000;
const WARN_INTERVAL_MS = 30_000;
const DELAYED_MS = 15_000;

/** Statuses that say the events themselves are wrong; everything else may pass another time. */
const POISON = new Set([400, 413, 422]);

export class AuditDelivery {
  readonly counts: DeliveryCounts = { delivered: 0, parked: 0, failedAttempts: 0 };
  /** When ingest last took a batch, in epoch milliseconds. */
  lastDeliveredMs: number | undefined;
  private readonly options: DeliveryOptions;
  private readonly agent: http.Agent;
  private readonly target: http.RequestOptions;
  private stopping = false;
  /** Of the batch that is being delivered. */
  private readonly room = new Room();
  private running: Promise<void> | undefined;
  private again = false;
  private endWait: (() => void) | undefined;
  private endSend: (() => void) | undefined;
  private warnedMs = -Infinity;
  /** Since when attempts have been failing, on the monotonic clock. */
  private failingMs: number | undefined;

  constructor(options: DeliveryOptions) {
    this.options = options;
    const kept = { keepAlive: true, maxSockets: 1 };
    this.agent = options.url.protocol === 'https:' ? new https.Agent(kept) : new http.Agent(kept);
    this.target = urlToHttpOptions(options.url);
  }

  /** Whether events wait for longer than a short outage takes. */
  get delayed(): boolean {
    const { delayedAfterMs = DELAYED_MS } = this.options;
    return this.failingMs !== undefined && performance.now() - this.failingMs > delayedAfterMs;
  }

  /** Starts to deliver if nothing is under way. */
  wake(): void {
    this.again = true;
    if (this.running !== undefined || this.stopping) return;
    this.running = this.run().finally(() => {
      this.running = undefined;
      if (this.again) this.wake();
    });
  }

  /** Delivers what it can until `signal` fires, then stops; the rest stays in the spool. */
  async close(signal: AbortSignal): Promise<void> {
    const stop = (): void => {
      this.stopping = true;
      this.endWait?.();
      this.endSend?.();
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    this.wake();
    while (this.running !== undefined) await this.running;
    stop();
    this.agent.destroy();
  }

  private async run(): Promise<void> {
    const { spool } = this.options;
    while (!this.stopping) {
      this.again = false;
      const batch = await spool.read(INGEST_LIMITS.events, READ_BYTES, this.room);
      if (batch === undefined) return;
      if (!(await this.deliver(batch.events))) return;
      spool.acknowledge(batch);
    }
    this.again = false;
  }

  /** True once every event was taken or set aside, false when stopped before. */
  private async deliver(events: EventLines): Promise<boolean> {
    const { first, longest } = this.options.backoffMs ?? { first: 100, longest: 10_000 };
    for (let waitMs = first; !this.stopping; waitMs = Math.min(waitMs * 2, longest)) {
      const outcome = await this.post(events);
      this.failingMs = outcome === 'retry' ? (this.failingMs ?? performance.now()) : undefined;
      switch (outcome) {
        case 'accepted':
          this.counts.delivered += events.count;
          this.lastDeliveredMs = Date.now();
          return true;
        case 'poison':
          return this.isolate(events);
        case 'retry':
          this.counts.failedAttempts += 1;
          await this.wait(waitMs * (0.75 + Math.random() / 2));
      }
    }
    return false;
  }

  /** Halves a refused batch until the event that spoils it stands alone. */
  private async isolate(events: EventLines): Promise<boolean> {
    const [first, rest] = events.halves();
    if (rest === undefined) {
      await this.park(first.toString());
      return true;
    }
    return (await this.deliver(first)) && this.deliver(rest);
  }

  private async park(line: string): Promise<void> {
    this.counts.parked += 1;
    const { parkFile, log } = this.options;
    log.error({ parkFile }, 'Ingest refuses an audit event for good; it is set aside.');
    try {
      const held = await fsp.stat(parkFile).then(
        ({ size }) => size,
        () => 0,
      );
      if (held + line.length <= PARK_BYTES) await fsp.appendFile(parkFile, line, { mode: 0o600 });
    } catch (error) {
      log.error({ parkFile, error }, 'A refused audit event could not be set aside.');
    }
  }

  private async post(events: EventLines): Promise<Outcome> {
    const plain = events.json;
    const packed = this.options.compress && plain.length > COMPRESS_ABOVE;
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (packed) headers['content-encoding'] = 'gzip';
    try {
      Object.assign(headers, await this.credential());
      const body = packed ? await compress(plain, { level: 1 }) : plain;
      return this.judge(await this.send(headers, body));
    } catch (error) {
      if (!this.stopping) this.warn(error instanceof Error ? error.message : String(error));
      return 'retry';
    }
  }

  private async credential(): Promise<Readonly<Record<string, string>>> {
    const { apiKey, token } = this.options;
    if (apiKey !== undefined) return { 'x-api-key': apiKey };
    return token === undefined ? {} : { authorization: `Bearer ${await token.read()}` };
  }

  /** Resolves to the status, once the whole answer is there. */
  private send(headers: Readonly<Record<string, string>>, body: Buffer): Promise<number> {
    const { agent, target } = this;
    const { request } = this.options.url.protocol === 'https:' ? https : http;
    return new Promise((resolve, reject) => {
      const options = {
        ...target,
        method: 'POST',
        headers: { ...headers, 'content-length': body.length },
        agent,
      };
      const sent = request(options, (response) => {
        response.resume();
        response.on('end', () => {
          // Answered before it was taken: what has not left yet must stay as it is.
          if (!sent.writableFinished) this.room.leave();
          resolve(response.statusCode ?? 0);
        });
        response.on('error', reject);
      });
      const timer = setTimeout(() => sent.destroy(new Error('ingest did not answer in time')), TIMEOUT_MS);
      this.endSend = () => sent.destroy(new Error('the proxy ends'));
      sent.on('error', reject);
      sent.on('close', () => clearTimeout(timer));
      sent.end(body);
    });
  }

  private judge(status: number): Outcome {
    if (status >= 200 && status < 300) return 'accepted';
    if (POISON.has(status)) return 'poison';
    const { apiKey, token } = this.options;
    const credential =
      apiKey === undefined && token !== undefined ? 'ANALYTICS_TOKEN_FILE' : 'ANALYTICS_API_KEY';
    const refused = status === 401 || status === 403;
    if (refused) token?.forget();
    this.warn(`ingest answered ${status}${refused ? `; check ${credential}` : ''}`);
    return 'retry';
  }

  private warn(why: string): void {
    const nowMs = performance.now();
    if (nowMs - this.warnedMs < WARN_INTERVAL_MS) return;
    this.warnedMs = nowMs;
    this.options.log.warn(
      { ingest: this.options.url.origin, why },
      'Audit events can not be delivered now; they are kept in the spool and tried again.',
    );
  }

  private async wait(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.endWait = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.endWait = undefined;
  }
}
