// One stream to one distributor: policy comes down, what is in force goes up. It lives until the distributor ends it,
// the token is about to expire or the network fails, and says which; whoever runs it decides when to try again.
import type { ClientRequest, IncomingMessage } from 'node:http';
import { request as openRequest } from 'node:https';
import {
  DISTRIBUTOR_PATHS,
  STREAM_BEAT_MS,
  STREAM_LINE_BYTES,
  downMessage,
  type DownMessage,
  type PolicyMark,
  type STREAM_ENDS,
  type UpMessage,
} from '#api/distributor-api.ts';
import { POLICY_FEATURES, POLICY_SCHEMA, provePolicy } from '#policy/document.ts';
import { POLICY_FILE_LIMITS } from '#policy/policy-file.ts';
import { linesOf } from '#runtime/kube/json-lines.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { Log } from '#runtime/process/log.ts';
import { Patience, heard } from './patience.ts';
import { problemText } from './policy-file-watch.ts';
import type { PolicySource } from './policy-source.ts';
import { readIdentity, renewalMs, type StreamIdentity } from './stream-identity.ts';

/** What a proxy says of its audit trail. */
export interface AuditState {
  readonly deliveredAtMs: number | undefined;
  readonly delayed: boolean;
}

export interface PolicyStreamOptions {
  readonly url: URL;
  readonly serverName: string;
  readonly identityFolder: string;
  readonly policy: PolicySource;
  readonly audit: () => AuditState;
  readonly clock: Clock;
  readonly log: Log;
  /** @default STREAM_BEAT_MS */
  readonly beatMs?: number;
}

export type StreamEnd =
  | { readonly kind: 'ended'; readonly reason: (typeof STREAM_ENDS)[number]; readonly message: string }
  /** The token is replaced before it expires. */
  | { readonly kind: 'renew' }
  | { readonly kind: 'failed'; readonly message: string };

const OPEN_MS = 10_000;
const ERROR_BYTES = 4 * 1024;
const AUDIT_LOOK_MS = 1_000;
/** Why a stream can't go on, for the log. */
class StreamError extends Error {}

export class PolicyStream {
  /** When the distributor accepted this proxy, on the monotonic clock; undefined before. */
  openedMs: number | undefined;
  private readonly options: PolicyStreamOptions;
  private readonly address: string;
  private readonly onOpen: () => void;
  private readonly closing = new AbortController();
  private readonly beatMs: number;
  private sent: ClientRequest | undefined;
  private toldAudit: { readonly state: AuditState; readonly atMs: number } | undefined;

  constructor(options: PolicyStreamOptions, address: string, onOpen: () => void) {
    this.options = options;
    this.address = address;
    this.onOpen = onOpen;
    this.beatMs = options.beatMs ?? STREAM_BEAT_MS;
  }

  /** Runs until the stream is over, or the signal fires; never throws. */
  async run(signal: AbortSignal): Promise<StreamEnd> {
    const stop = (): void => this.closing.abort(new StreamError('the proxy ends'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const cleanUp: (() => void)[] = [() => signal.removeEventListener('abort', stop)];
    try {
      return await this.live(cleanUp);
    } catch (error) {
      return {
        kind: 'failed',
        message: messageOf(this.closing.signal.aborted ? this.closing.signal.reason : error),
      };
    } finally {
      for (const each of cleanUp) each();
      this.sent?.destroy();
    }
  }

  private async live(cleanUp: (() => void)[]): Promise<StreamEnd> {
    const { identityFolder, policy, clock } = this.options;
    const identity = await readIdentity(identityFolder);
    const patience = new Patience(OPEN_MS, () => this.fail(`no answer within ${OPEN_MS} ms`));
    cleanUp.push(() => patience.end());
    const response = await this.open(identity);
    const silenceMs = 3 * this.beatMs;
    patience.become(silenceMs, () => this.fail(`nothing came for ${silenceMs} ms`));
    this.openedMs = clock.monotonicMs();
    this.onOpen();
    cleanUp.push(policy.onSwap(() => this.tellEnforced()));
    this.tellAudit();
    const timer = setInterval(() => this.tellAudit(), Math.min(AUDIT_LOOK_MS, this.beatMs));
    cleanUp.push(() => clearInterval(timer));
    const renewal = this.renewal(identity);
    cleanUp.push(() => renewal.cancel());
    const ended = await Promise.race([this.readLines(response, patience), renewal.due]);
    return ended ?? { kind: 'failed', message: 'the distributor closed it' };
  }

  /** Resolves with the head of the answer, once the distributor knows who we are. */
  private async open({ ca, token }: StreamIdentity): Promise<IncomingMessage> {
    const { url, serverName } = this.options;
    const answer = Promise.withResolvers<IncomingMessage>();
    const sent = openRequest({
      host: this.address,
      port: url.port === '' ? 443 : Number(url.port),
      path: DISTRIBUTOR_PATHS.policy,
      method: 'POST',
      servername: serverName,
      ca,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      agent: false,
      signal: this.closing.signal,
      headers: { host: url.host, authorization: `Bearer ${token}`, 'content-type': 'application/x-ndjson' },
    });
    this.sent = sent;
    sent.setNoDelay(true);
    sent.on('response', answer.resolve);
    // Stays for as long as the stream: after the answer has begun, its reader is told by the body.
    sent.on('error', answer.reject);
    this.send({
      hello: { schemas: [POLICY_SCHEMA], features: [...POLICY_FEATURES], enforced: this.enforced() },
    });
    const response = await answer.promise;
    if (response.statusCode !== 200) {
      throw new StreamError(`the distributor answered ${response.statusCode}: ${await errorText(response)}`);
    }
    return response;
  }

  private async readLines(response: IncomingMessage, patience: Patience): Promise<StreamEnd | undefined> {
    for await (const line of linesOf(heard(response, patience), POLICY_FILE_LIMITS.unfolded)) {
      const read = downMessage.safeParse(parseLine(line));
      // A newer distributor may say more than we know.
      const end = read.success ? this.hear(read.data) : undefined;
      if (end !== undefined) return end;
    }
    return undefined;
  }

  private hear(message: DownMessage): StreamEnd | undefined {
    if ('end' in message) return { kind: 'ended', ...message.end };
    if ('current' in message) {
      // It should have sent that policy: it has to know which one we have.
      if (!this.options.policy.hear(message.current)) this.tellEnforced();
      return undefined;
    }
    this.offer(message.document);
    return undefined;
  }

  private offer(json: unknown): void {
    const { policy, log } = this.options;
    const before = policy.current?.document.revision;
    const read = provePolicy(json);
    const refused = policy.offer(read, 'stream');
    if (refused === undefined) {
      // A swap tells it by itself, on every stream.
      if (policy.current?.document.revision === before) this.tellEnforced();
      return;
    }
    const { behind } = refused;
    const message = problemText(refused.problems).slice(0, 2_000);
    const at = { distributor: this.address, problems: message, behind };
    if (behind.length > 0) log.debug(at, 'A distributor sent an older policy than the one in force.');
    else log.error(at, "A policy from a distributor can't be used. The last good policy stays in force.");
    const revision = read.ok ? read.value.revision : revisionIn(json);
    if (revision === undefined) this.fail('it sent something that is no policy');
    else this.send({ refused: { revision, message, behind: behind.length === 0 ? undefined : [...behind] } });
  }

  private enforced(): PolicyMark | undefined {
    const document = this.options.policy.current?.document;
    return document && { revision: document.revision, inputs: document.inputs, epoch: document.epoch };
  }

  private tellEnforced(): void {
    const enforced = this.enforced();
    if (enforced !== undefined) this.send({ enforced });
  }

  /** Says how audit goes: at every beat, and at once when it turns; between two beats batches come and go. */
  private tellAudit(): void {
    const state = this.options.audit();
    const told = this.toldAudit;
    const nowMs = this.options.clock.monotonicMs();
    const turned =
      told?.state.delayed !== state.delayed ||
      (told.state.deliveredAtMs === undefined) !== (state.deliveredAtMs === undefined);
    if (!turned && nowMs - told.atMs < this.beatMs) return;
    this.toldAudit = { state, atMs: nowMs };
    const { deliveredAtMs, delayed } = state;
    const deliveredAt = deliveredAtMs === undefined ? undefined : new Date(deliveredAtMs).toISOString();
    this.send({ audit: { deliveredAt, delayed } });
  }

  private send(message: UpMessage): void {
    const { sent } = this;
    if (sent === undefined || sent.destroyed) return;
    if (sent.writableLength > STREAM_LINE_BYTES) this.fail('the distributor takes nothing');
    else sent.write(`${JSON.stringify(message)}\n`);
  }

  /** Comes due while the token is still good, and by then replaced on disk. */
  private renewal({ expiresAtMs }: StreamIdentity): { readonly due: Promise<StreamEnd>; cancel(): void } {
    const { promise: due, resolve } = Promise.withResolvers<StreamEnd>();
    const waitMs = renewalMs(expiresAtMs, this.options.clock.nowMs());
    if (waitMs === undefined) return { due, cancel: () => undefined };
    const timer = setTimeout(() => resolve({ kind: 'renew' }), waitMs);
    return { due, cancel: () => clearTimeout(timer) };
  }

  private fail(why: string): void {
    this.closing.abort(new StreamError(why));
  }
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    throw new StreamError('it sent a line that is not JSON', { cause: error });
  }
}

/** What a refusal says, bounded. */
async function errorText(response: AsyncIterable<Buffer>): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > ERROR_BYTES) break;
  }
  return Buffer.concat(chunks).subarray(0, ERROR_BYTES).toString('utf8').trim();
}

function revisionIn(json: unknown): string | undefined {
  if (typeof json !== 'object' || json === null || !('revision' in json)) return undefined;
  const { revision } = json;
  return typeof revision === 'string' && /^sha256:[0-9a-f]{64}$/.test(revision) ? revision : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
