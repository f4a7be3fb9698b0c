// Acknowledgements over HTTP: one long answer of JSON lines, from whoever collects them. First every server, then a line
// that says so, then changes. While the stream is away the last word is kept, and the state says that it is old.
import { Agent, fetch, type Response } from 'undici';
import { z } from 'zod';
import { objectKey, type ObjectRef } from '#api/principal.ts';
import { policyDocument } from '#policy/document.ts';
import { backoffMs, type Backoff } from '#runtime/kube/backoff.ts';
import { pause } from '#runtime/kube/clock.ts';
import { linesOf } from '#runtime/kube/json-lines.ts';
import type { Log } from '#runtime/process/log.ts';
import type { Acknowledgement, AcknowledgementSource } from '../acknowledgements.ts';

export interface HttpAcknowledgementsOptions {
  /** `MCP_ACKNOWLEDGEMENTS_URL`; the path `/acknowledgements` is added. */
  readonly url: string;
  readonly log: Log;
  /** PEM certificates to trust now, for an `https` URL. @default the system's */
  readonly ca?: () => string | undefined;
  /** What to send as bearer token; asked for every stream. @default none */
  readonly token?: () => Promise<string | undefined>;
  /** Longest silence, blank lines included. @default 30000 */
  readonly silenceMs?: number;
  /**
   * How long what proxies said last counts after the stream has ended: whoever collects it may be replaced without
   * every server's status saying so. @default 30000
   */
  readonly graceMs?: number;
  /** @default 250 to 10000 */
  readonly backoff?: Backoff;
}

const LIMITS = {
  /** Bytes of one line. */
  line: 4 * 1024 * 1024,
  /** Servers that are remembered. */
  servers: 100_000,
} as const;

/** Failures before the first word that nobody has to hear of; with the pauses between them, about half a minute. */
const STARTING = 7;

const acknowledgement = z.object({
  podUid: z.string().min(1).max(128),
  revision: policyDocument.shape.revision,
  inputs: policyDocument.shape.inputs,
  epoch: policyDocument.shape.epoch,
  auditDeliveredAt: z.iso.datetime({ precision: null, offset: true }).optional(),
  auditDelayed: z.boolean().optional(),
  reachablePastProxy: z.boolean().optional(),
});

const line = z.union([
  z.object({
    server: z.object({ namespace: z.string().min(1), name: z.string().min(1) }),
    acknowledgements: z.array(acknowledgement).max(10_000),
  }),
  z.object({ synced: z.literal(true) }),
]);

interface Known {
  readonly server: ObjectRef;
  readonly acknowledgements: readonly Acknowledgement[];
  /** Whether the stream that is open now has spoken of it. */
  fresh: boolean;
}

/** Why a stream ended, for the log. */
class StreamError extends Error {}

export class HttpAcknowledgements implements AcknowledgementSource {
  state: 'connected' | 'disconnected' = 'disconnected';
  private readonly options: HttpAcknowledgementsOptions;
  private readonly known = new Map<string, Known>();
  private readonly listeners: ((server: ObjectRef) => void)[] = [];
  private readonly stateListeners: (() => void)[] = [];
  private readonly silenceMs: number;
  private readonly graceMs: number;
  private wasHeard = false;
  private readonly first = Promise.withResolvers<undefined>();
  /** Runs from the end of a stream until its word counts as old. */
  private grace: NodeJS.Timeout | undefined;
  private readonly backoff: Backoff;

  constructor(options: HttpAcknowledgementsOptions) {
    this.options = options;
    this.silenceMs = options.silenceMs ?? 30_000;
    this.graceMs = options.graceMs ?? 30_000;
    this.backoff = options.backoff ?? { firstMs: 250, maxMs: 10_000 };
  }

  of(server: ObjectRef): readonly Acknowledgement[] {
    return this.known.get(objectKey(server))?.acknowledgements ?? [];
  }

  onChange(listener: (server: ObjectRef) => void): void {
    this.listeners.push(listener);
  }

  /** Called when `state` changes: what is known of every server then means something else. */
  onStateChange(listener: () => void): void {
    this.stateListeners.push(listener);
  }

  /** Reads until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    const { log, url } = this.options;
    const isOver = () => signal.aborted;
    let failures = 0;
    while (!isOver()) {
      try {
        await this.readStream(signal, () => {
          failures = 0;
        });
      } catch (error) {
        if (isOver()) break;
        failures += 1;
        // In a new installation others have to start first, too.
        const level = this.wasHeard || failures > STARTING ? 'warn' : 'info';
        log[level](
          { url, failures, error },
          'The stream of acknowledgements ended. What proxies said last is kept, and status says that it is old.',
        );
      }
      this.lose();
      await pause(backoffMs(this.backoff, failures), signal);
    }
    clearTimeout(this.grace);
    this.setState('disconnected');
  }

  private async readStream(signal: AbortSignal, onSynced: () => void): Promise<void> {
    const agent = this.agent();
    const silence = new AbortController();
    const timer = setTimeout(() => {
      silence.abort(new StreamError(`nothing came for ${this.silenceMs} ms`));
    }, this.silenceMs);
    try {
      const response = await this.open(agent, AbortSignal.any([signal, silence.signal]));
      if (!response.ok || response.body === null) {
        await response.body?.cancel();
        throw new StreamError(`the answer was HTTP ${response.status}`);
      }
      for (const each of this.known.values()) each.fresh = false;
      for await (const text of linesOf(heard(response.body, timer), LIMITS.line)) this.hear(text, onSynced);
      throw new StreamError('the other side closed it');
    } finally {
      clearTimeout(timer);
      await agent.destroy();
    }
  }

  /** A connection of its own for every stream: what is trusted may have changed. */
  private agent(): Agent {
    const ca = this.options.ca?.();
    if (this.options.ca !== undefined && ca === undefined) {
      throw new StreamError('the certificates of the platform are not known yet');
    }
    return new Agent({ connect: { ...(ca !== undefined && { ca }) }, headersTimeout: 0, bodyTimeout: 0 });
  }

  private async open(dispatcher: Agent, signal: AbortSignal): Promise<Response> {
    const token = await this.options.token?.();
    return await fetch(`${this.options.url.replace(/\/+$/, '')}/acknowledgements`, {
      headers: {
        accept: 'application/x-ndjson',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      redirect: 'error',
      signal,
      dispatcher,
    });
  }

  private hear(text: string, onSynced: () => void): void {
    if (text.trim() === '') return;
    const read = line.safeParse(JSON.parse(text));
    if (!read.success) throw new StreamError(`a line is not as agreed: ${z.prettifyError(read.error)}`);
    if ('synced' in read.data) {
      this.forgetStale();
      clearTimeout(this.grace);
      this.grace = undefined;
      this.wasHeard = true;
      this.first.resolve(undefined);
      this.setState('connected');
      onSynced();
      return;
    }
    const { server, acknowledgements } = read.data;
    const key = objectKey(server);
    if (acknowledgements.length === 0) this.known.delete(key);
    else {
      if (!this.known.has(key) && this.known.size >= LIMITS.servers) {
        throw new StreamError(`it speaks of more than ${LIMITS.servers} servers`);
      }
      this.known.set(key, { server, acknowledgements, fresh: true });
    }
    this.tell(server);
  }

  /** Servers of an earlier stream that this one did not speak of: none of their proxies is left. */
  private forgetStale(): void {
    for (const [key, { fresh, server }] of this.known) {
      if (fresh) continue;
      this.known.delete(key);
      this.tell(server);
    }
  }

  private tell(server: ObjectRef): void {
    for (const listener of this.listeners) listener(server);
  }

  /** Resolves when every server was heard of once, or after a time, or when the signal fires. */
  async whenHeard(timeoutMs: number, signal: AbortSignal): Promise<void> {
    const heard = new AbortController();
    void this.first.promise.then(() => heard.abort());
    await pause(timeoutMs, AbortSignal.any([signal, heard.signal]));
  }

  private lose(): void {
    if (this.state === 'disconnected') return;
    this.grace ??= setTimeout(() => {
      this.grace = undefined;
      this.setState('disconnected');
    }, this.graceMs);
  }

  private setState(state: 'connected' | 'disconnected'): void {
    if (this.state === state) return;
    this.state = state;
    const { log, url } = this.options;
    if (state === 'connected') log.info({ url, servers: this.known.size }, 'Acknowledgements arrive.');
    for (const listener of this.stateListeners) listener();
  }
}

/** The chunks of a body; each puts the end of patience off. */
async function* heard(body: ReadableStream<Uint8Array>, timer: NodeJS.Timeout): AsyncGenerator<Buffer> {
  for await (const chunk of body) {
    timer.refresh();
    yield Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
  }
}
