// A stream to every distributor there is: the addresses of one name, looked up again and again, each with a stream that
// is opened anew whenever it ends. All of it may be away for as long as it likes: nothing here stops a request.
import { lookup } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import { backoffMs, type Backoff } from '#runtime/kube/backoff.ts';
import { pause } from '#runtime/kube/clock.ts';
import type { STREAM_ENDS } from '#api/distributor-api.ts';
import { PolicyStream, type PolicyStreamOptions, type StreamEnd } from './policy-stream.ts';

export interface PolicyStreamsOptions extends PolicyStreamOptions {
  /** The addresses of a name. @default those that the system's resolver gives */
  readonly resolve?: (host: string) => Promise<readonly LookupAddress[]>;
  /** How often the name is looked up. @default 5000 */
  readonly lookupMs?: number;
  /** @default 300 to 10000 */
  readonly backoff?: Backoff;
}

export interface StreamsState {
  /** Addresses of distributors that are known. */
  readonly known: number;
  /** Distributors that have accepted this proxy. */
  readonly connected: number;
  /** What went wrong last; undefined once all is well. */
  readonly lastError: string | undefined;
}

type StreamEndReason = (typeof STREAM_ENDS)[number];

const MOST_ADDRESSES = 16;
const LEAST_LOOKUP_MS = 500;
/** How long a stream was open that counts as having worked. */
const PROVEN_MS = 5_000;
/** Pauses after an end with which nothing is wrong, or which a second attempt would only repeat. */
const PAUSES: Readonly<Record<StreamEndReason | 'renew', number>> = {
  renew: 0,
  token_expired: 100,
  draining: 1_000,
  pod_gone: 5_000,
  misbehaved: 5_000,
  replaced: 10_000,
  schema_unknown: 60_000,
  // Nothing is to be had until the server exists again, or the distributor has caught up.
  server_gone: 60_000,
};

export class PolicyStreams {
  private readonly options: PolicyStreamsOptions;
  private readonly backoff: Backoff;
  /** Addresses that the name has now. */
  private wanted = new Set<string>();
  private readonly links = new Map<string, { stream: PolicyStream | undefined }>();
  private readonly running = new Set<Promise<void>>();
  private readonly stopping = new AbortController();
  private readonly problems = new Map<string, string>();
  private readonly told = new Set<string>();
  /** Ends the wait for the next look. */
  private waiting = new AbortController();

  constructor(options: PolicyStreamsOptions) {
    this.options = options;
    this.backoff = options.backoff ?? { firstMs: 300, maxMs: 10_000 };
  }

  get state(): StreamsState {
    const streams = [...this.links.values()].map(({ stream }) => stream);
    return {
      known: this.wanted.size,
      connected: streams.filter((stream) => stream?.openedMs !== undefined).length,
      lastError: [...this.problems.values()].at(-1),
    };
  }

  private isStopping(): boolean {
    return this.stopping.signal.aborted;
  }

  start(): void {
    this.keep(this.follow());
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.waiting.abort();
    await Promise.all(this.running);
  }

  /** Runs something until it ends by the signal; it must not throw. */
  private keep(work: Promise<void>): void {
    const kept = work.finally(() => this.running.delete(kept));
    this.running.add(kept);
  }

  private async follow(): Promise<void> {
    const { signal } = this.stopping;
    while (!this.isStopping()) {
      this.waiting = new AbortController();
      await this.look();
      await pause(LEAST_LOOKUP_MS, signal);
      if (!signal.aborted)
        await pause((this.options.lookupMs ?? 5_000) - LEAST_LOOKUP_MS, this.waiting.signal);
    }
  }

  /** Reads the name. While that fails, the addresses that were known stay. */
  private async look(): Promise<void> {
    const host = this.options.url.hostname.replace(/^\[|\]$/g, '');
    try {
      const found = await (this.options.resolve ?? systemLookup)(host);
      // A distributor with an address of each family is still one, and takes one stream.
      const family = found[0]?.family;
      const addresses = found.filter((each) => each.family === family).map(({ address }) => address);
      this.wanted = new Set(addresses.slice(0, MOST_ADDRESSES));
      this.problems.delete(host);
      if (this.wanted.size === 0) this.tell(host, `${host} has no address: no distributor is ready`);
    } catch (error) {
      this.tell(
        host,
        `${host} can't be looked up: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
    for (const address of this.wanted) if (!this.links.has(address)) this.keep(this.serve(address));
  }

  /** Holds a stream to one address for as long as the name has it. */
  private async serve(address: string): Promise<void> {
    const { clock } = this.options;
    const { signal } = this.stopping;
    const link: { stream: PolicyStream | undefined } = { stream: undefined };
    this.links.set(address, link);
    let failures = 0;
    while (!this.isStopping() && this.wanted.has(address)) {
      const stream = new PolicyStream(this.options, address, () => this.opened(address));
      link.stream = stream;
      const end = await stream.run(signal);
      link.stream = undefined;
      if (this.isStopping()) break;
      const { openedMs } = stream;
      failures = openedMs !== undefined && clock.monotonicMs() - openedMs >= PROVEN_MS ? 1 : failures + 1;
      this.ended(address, end);
      await pause(this.pauseAfter(end, failures), signal);
    }
    this.links.delete(address);
    this.problems.delete(address);
  }

  private opened(address: string): void {
    this.problems.delete(address);
    this.told.clear();
    this.options.log.info({ distributor: address }, 'A distributor sends policy.');
  }

  private ended(address: string, end: StreamEnd): void {
    this.waiting.abort();
    switch (end.kind) {
      case 'renew':
        return;
      case 'ended':
        this.noteEnd(address, end.reason, end.message);
        return;
      case 'failed':
        this.tell(address, `${address}: ${end.message}`);
    }
  }

  private noteEnd(address: string, reason: StreamEndReason, why: string): void {
    switch (reason) {
      case 'token_expired':
      case 'draining':
      case 'replaced':
        this.options.log.info({ distributor: address, reason, why }, 'A distributor ended its stream.');
        return;
      case 'pod_gone':
      case 'server_gone':
      case 'schema_unknown':
      case 'misbehaved':
        this.tell(address, `${address}: the distributor ended the stream: ${reason}, ${why}`);
    }
  }

  private pauseAfter(end: StreamEnd, failures: number): number {
    const leastMs = end.kind === 'failed' ? 0 : PAUSES[end.kind === 'ended' ? end.reason : 'renew'];
    // A stream that lived for a while and ends in order is opened at once; one that keeps ending is not.
    if (end.kind !== 'failed' && failures <= 1) return leastMs;
    return Math.max(leastMs, backoffMs(this.backoff, failures));
  }

  /** Says a problem once, until a stream works again. */
  private tell(of: string, problem: string): void {
    this.problems.delete(of);
    this.problems.set(of, problem);
    if (this.told.has(problem) || this.told.size >= MOST_ADDRESSES) return;
    this.told.add(problem);
    this.options.log.warn(
      { url: this.options.url.origin, problem },
      'Policy does not come from this distributor. It is tried again; until then the file and other distributors count.',
    );
  }
}

function systemLookup(host: string): Promise<readonly LookupAddress[]> {
  return lookup(host, { all: true, order: 'verbatim' });
}
