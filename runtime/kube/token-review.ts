// Who presents a token, as the API server says. It is asked for one audience, and the audience that it answers with is
// checked: a server that knows nothing of audiences would take any token. Answers are remembered for a short time, by a
// hash of the token; the token itself is kept nowhere and is in no message.
import { createHash } from 'node:crypto';
import { systemClock, type Clock } from './clock.ts';
import { listOf, parseJson, recordOf, textOf, type JsonRecord } from './json.ts';
import { isKubeError } from './kube.ts';
import type { ResourceType } from './object.ts';

export const TOKEN_REVIEW: ResourceType = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  resource: 'tokenreviews',
  namespaced: false,
};

/** What a program that reviews tokens may do, for its roles. */
export const PERMISSIONS = [
  {
    group: TOKEN_REVIEW.group,
    resource: TOKEN_REVIEW.resource,
    verbs: ['create'],
    reason: 'Who presents a token: only the API server knows.',
  },
] as const;

/** The part of `KubeClient` that is needed here. */
export interface ReviewingKube {
  ask(type: ResourceType, object: JsonRecord, signal?: AbortSignal): Promise<JsonRecord>;
}

/** A service account, and the pod that its token is bound to. */
export interface TokenIdentity {
  readonly namespace: string;
  /** Of the service account. */
  readonly name: string;
  readonly pod?: { readonly name: string; readonly uid: string } | undefined;
  /** By the token itself, which the API server found good. */
  readonly expiresAtMs?: number | undefined;
}

/**
 * `rejected`: the API server doesn't know it, or not any more. `wrong_audience`: it is for somebody else.
 * `no_service_account`: a person's, or a node's. `unavailable`: nobody could be asked; try again.
 */
export type ReviewRefusal = 'rejected' | 'wrong_audience' | 'no_service_account' | 'unavailable';

export type Review =
  | { readonly ok: true; readonly identity: TokenIdentity }
  | { readonly ok: false; readonly reason: ReviewRefusal; readonly message: string };

export interface TokenReviewsOptions {
  readonly kube: ReviewingKube;
  readonly clock?: Clock;
  /** How long an identity is taken for granted. @default 60000 */
  readonly maxAgeMs?: number;
  /** Answers that are remembered; the oldest is forgotten first. @default 10000 */
  readonly max?: number;
  /** Called for every question to the API server, with its answer. */
  readonly onReview?: (outcome: 'ok' | ReviewRefusal) => void;
}

interface Remembered {
  readonly review: Promise<Review>;
  /** When it stops to count; in the future while the answer is awaited. */
  untilMs: number;
}

/** What was rejected may be good in a moment: a key that is new to the API server, a clock that is behind. */
const REJECTED_MS = 5_000;
/** Longest token that is looked at. */
const TOKEN_CHARACTERS = 16 * 1024;
const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;
const POD_NAME = 'authentication.kubernetes.io/pod-name';
const POD_UID = 'authentication.kubernetes.io/pod-uid';

export class TokenReviews {
  private readonly options: TokenReviewsOptions;
  private readonly clock: Clock;
  private readonly maxAgeMs: number;
  private readonly max: number;
  private readonly remembered = new Map<string, Remembered>();

  constructor(options: TokenReviewsOptions) {
    this.options = options;
    this.clock = options.clock ?? systemClock;
    this.maxAgeMs = options.maxAgeMs ?? 60_000;
    this.max = options.max ?? 10_000;
  }

  /** Never throws but for the signal, which ends the waiting of this caller alone. */
  async review(token: string, audience: string, signal?: AbortSignal): Promise<Review> {
    if (token === '' || token.length > TOKEN_CHARACTERS) return refused('rejected', 'it is no token');
    const key = createHash('sha256').update(`${audience}\n${token}`).digest('base64');
    const known = this.remembered.get(key);
    if (known !== undefined && this.clock.monotonicMs() < known.untilMs)
      return await heeding(known.review, signal);
    const entry: Remembered = { review: this.ask(token, audience), untilMs: Infinity };
    this.remember(key, entry);
    void entry.review.then((review) => {
      entry.untilMs = this.clock.monotonicMs() + this.ageOf(review);
    });
    return await heeding(entry.review, signal);
  }

  private remember(key: string, entry: Remembered): void {
    this.remembered.delete(key);
    this.remembered.set(key, entry);
    for (const oldest of this.remembered.keys()) {
      if (this.remembered.size <= this.max) break;
      this.remembered.delete(oldest);
    }
  }

  private ageOf(review: Review): number {
    if (!review.ok) return review.reason === 'unavailable' ? 0 : REJECTED_MS;
    const { expiresAtMs = Infinity } = review.identity;
    return Math.min(this.maxAgeMs, Math.max(0, expiresAtMs - this.clock.nowMs()));
  }

  private async ask(token: string, audience: string): Promise<Review> {
    const { kube, onReview } = this.options;
    const review = await reviewOf(kube, token, audience);
    onReview?.(review.ok ? 'ok' : review.reason);
    return review;
  }
}

async function reviewOf(kube: ReviewingKube, token: string, audience: string): Promise<Review> {
  const question = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: TOKEN_REVIEW.kind,
    spec: { token, audiences: [audience] },
  };
  try {
    const { status } = await kube.ask(TOKEN_REVIEW, question);
    return judged(recordOf(status), token, audience);
  } catch (error) {
    const said = isKubeError(error)
      ? `${error.code}${error.status === undefined ? '' : ` ${error.status}`}`
      : 'an error';
    return refused('unavailable', `the API server could not be asked (${said})`);
  }
}

function judged(status: JsonRecord, token: string, audience: string): Review {
  if (status.authenticated !== true) {
    return refused(
      'rejected',
      'the API server does not take it: it has expired, or what it is bound to is gone',
    );
  }
  if (!listOf(status.audiences).includes(audience)) {
    return refused('wrong_audience', `it is not for the audience ${audience}`);
  }
  const user = recordOf(status.user);
  const [, namespace, name] = SERVICE_ACCOUNT.exec(textOf(user.username) ?? '') ?? [];
  if (namespace === undefined || name === undefined) {
    return refused('no_service_account', 'it is not the token of a service account');
  }
  const extra = recordOf(user.extra);
  const podName = textOf(listOf(extra[POD_NAME])[0]);
  const podUid = textOf(listOf(extra[POD_UID])[0]);
  const isBound = podName !== undefined && podUid !== undefined;
  return {
    ok: true,
    identity: {
      namespace,
      name,
      ...(isBound && { pod: { name: podName, uid: podUid } }),
      expiresAtMs: expiryOf(token),
    },
  };
}

/** The `exp` of a token that was found good; undefined where it has none, or is no JWT. */
function expiryOf(token: string): number | undefined {
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
  const { exp } = recordOf(parseJson(payload));
  return typeof exp === 'number' && exp > 0 ? exp * 1000 : undefined;
}

function refused(reason: ReviewRefusal, message: string): Review {
  return { ok: false, reason, message };
}

/** The answer, or the signal's reason where that comes first. */
async function heeding(review: Promise<Review>, signal: AbortSignal | undefined): Promise<Review> {
  if (signal === undefined) return await review;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([review, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
