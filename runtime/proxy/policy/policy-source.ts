// The policy in force, and the one place that decides what is: documents come from a file, from distributors, and from
// before a restart, in any order. A bad one is told and ignored, an older one is refused, and what is in force changes
// between two requests, never within one.
import type { Problem, Result } from '#api/result.ts';
import {
  isBehind,
  isOlder,
  olderInputs,
  standsFor,
  type PolicyDocument,
  type PolicyInputName,
  type PolicyPlace,
} from '#policy/document.ts';
import { indexPolicy, type PolicyIndex } from '#policy/policy-index.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { Log } from '#runtime/process/log.ts';
import { identityHeadersOf, type IdentityHeaders } from '../edge/identity.ts';
import { KeptPolicy } from './kept-policy.ts';
import { PolicyFileWatch } from './policy-file-watch.ts';

export interface PolicySnapshot {
  readonly document: PolicyDocument;
  readonly index: PolicyIndex;
  readonly identityHeaders: IdentityHeaders;
  readonly loadedAtMs: number;
}

/** Where a policy came from. */
export type PolicyOrigin = 'file' | 'stream' | 'kept';

/** Where a document stands in the order of documents, and which it is. */
export type PolicyPosition = PolicyPlace & Pick<PolicyDocument, 'revision'>;

export interface Refused {
  readonly problems: readonly Problem[];
  /** Inputs in which the document is older than the one in force. */
  readonly behind: readonly PolicyInputName[];
}

export interface PolicySourceOptions {
  /** See `PolicyFileWatch`. */
  readonly file: string;
  /** Where the last accepted document is kept over restarts. */
  readonly keptFile: string;
  /** Whether distributors say what is current. A file that just lies there then confirms nothing. */
  readonly streamed: boolean;
  readonly clock: Clock;
  readonly log: Log;
}

export interface PolicyReloads {
  succeeded: number;
  failed: number;
}

/** How long a policy may go unconfirmed before that is said; when it is denied for it, the document says. */
export const UNCONFIRMED_WARNING_MS = 60_000;

export class PolicySource {
  current: PolicySnapshot | undefined;
  /** Who brought what is in force. */
  origin: PolicyOrigin | undefined;
  /** When what is in force was last known to be current, on the monotonic clock. */
  confirmedMs: number;
  readonly reloads: PolicyReloads = { succeeded: 0, failed: 0 };
  private readonly options: PolicySourceOptions;
  private readonly file: PolicyFileWatch;
  private readonly kept: KeptPolicy;
  private readonly listeners = new Set<(snapshot: PolicySnapshot) => void>();

  constructor(options: PolicySourceOptions) {
    const { file, keptFile, clock, log } = options;
    this.options = options;
    this.confirmedMs = clock.monotonicMs();
    this.kept = new KeptPolicy({ file: keptFile, clock, log });
    this.file = new PolicyFileWatch({
      file,
      log,
      offer: (read) => {
        const refused = this.offer(read, 'file');
        return refused === undefined || this.isLate(refused) ? [] : refused.problems;
      },
      unchanged: () => {
        if (!options.streamed) this.confirm();
      },
      isServing: () => this.current !== undefined,
    });
  }

  /** Why the file as it is now is not in force; undefined where it is. */
  get lastError(): string | undefined {
    return this.file.lastError;
  }

  /** Calls the listener after each swap; returns what ends that. */
  onSwap(listener: (snapshot: PolicySnapshot) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Begins with what was kept, reads the file, and watches it from then on. */
  start(): void {
    const kept = this.kept.read();
    if (kept !== undefined) {
      this.swap(kept.document, 'kept');
      this.confirmedMs -= kept.ageMs;
    }
    this.file.start();
  }

  stop(): void {
    this.file.stop();
  }

  /** How long nobody has said that what is in force is current. */
  unconfirmedMs(nowMonotonicMs: number): number {
    return nowMonotonicMs - this.confirmedMs;
  }

  /** Whether what is in force is older than the document itself accepts. */
  isStale(nowMonotonicMs: number, document: PolicyDocument): boolean {
    return this.unconfirmedMs(nowMonotonicMs) > document.policy.maxStalenessSeconds * 1000;
  }

  /** Takes a document into force unless that is wrong. @returns why it was not taken; undefined where it is in force now */
  offer(read: Result<PolicyDocument, readonly Problem[]>, origin: 'file' | 'stream'): Refused | undefined {
    if (!read.ok) return this.refuse(read.error, []);
    const document = read.value;
    const { current } = this;
    if (current !== undefined && meansThe(document, current.document)) {
      this.advance(document);
      if (origin === 'stream') this.confirm();
      return undefined;
    }
    if (current !== undefined && isBehind(current.document, document)) {
      const message = 'was made from an older view of the cluster than the policy in force';
      return this.refuse([{ path: 'inputs', message }], olderInputs(current.document, document));
    }
    this.reloads.succeeded += 1;
    this.swap(document, origin);
    this.kept.keep(document);
    return undefined;
  }

  /** Hears from a distributor what is current. @returns whether that is in force */
  hear(position: PolicyPosition): boolean {
    if (this.current?.document.revision !== position.revision) return false;
    this.advance(position);
    this.confirm();
    return true;
  }

  private confirm(): void {
    this.confirmedMs = this.options.clock.monotonicMs();
    this.kept.touch();
  }

  /** The same policy, found again in a newer view: what is older than that view is refused from now on. */
  private advance({ inputs, epoch }: PolicyPlace): void {
    const { current } = this;
    if (current === undefined || isOlder(current.document, { inputs, epoch })) return;
    this.current = { ...current, document: { ...current.document, inputs, epoch } };
  }

  private swap(document: PolicyDocument, origin: PolicyOrigin): void {
    const identityHeaders = identityHeadersOf(document);
    const snapshot: PolicySnapshot = {
      document,
      index: indexPolicy(document),
      identityHeaders,
      loadedAtMs: this.options.clock.nowMs(),
    };
    this.current = snapshot;
    this.origin = origin;
    this.confirmedMs = this.options.clock.monotonicMs();
    this.options.log.info({ revision: document.revision, origin }, 'The policy is in force.');
    for (const listener of this.listeners) listener(snapshot);
  }

  private refuse(problems: readonly Problem[], behind: readonly PolicyInputName[]): Refused {
    const refused = { problems, behind };
    if (!this.isLate(refused)) this.reloads.failed += 1;
    return refused;
  }

  /** Of several who bring the same news only the first is in time; the others are no failure. */
  private isLate({ behind }: Refused): boolean {
    return this.options.streamed && behind.length > 0;
  }
}

/** Whether a document is the current one, or the stub that stands for it. */
function meansThe(document: PolicyDocument, current: PolicyDocument): boolean {
  return document.revision === current.revision || standsFor(document) === current.revision;
}
