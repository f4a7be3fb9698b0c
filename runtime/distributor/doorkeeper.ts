// Who may come in: proxies of servers, and the operator. What they are is decided by their tokens and by the cluster;
// nothing else of a request is looked at.
import type http from 'node:http';
import { TOKEN_AUDIENCES } from '#api/names.ts';
import { err, ok, type Result } from '#api/result.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import { pause } from '#runtime/kube/clock.ts';
import type { Review, ReviewRefusal, TokenIdentity } from '#runtime/kube/token-review.ts';
import { serverOfPod, type PodServerRefusal, type ServerPod } from '#runtime/policy-book/pod-server.ts';

export interface DoorkeeperOptions {
  readonly reviews: {
    review(token: string, audience: string, signal?: AbortSignal): Promise<Review>;
  };
  readonly servers: Pick<Cache, 'get'>;
  readonly pods: Pick<Cache, 'get'>;
  /** Reads again what was not found: it may be younger than the cache. */
  readonly refresh: (what: 'pods' | 'servers') => Promise<void>;
  /** The service account that may read acknowledgements. */
  readonly operator: { readonly namespace: string; readonly name: string };
}

export type EntryRefusal = ReviewRefusal | PodServerRefusal | 'no_token' | 'not_the_operator';

export interface EntryError {
  readonly reason: EntryRefusal;
  /** Names no token, and of the cluster only what the token itself says. */
  readonly message: string;
  readonly status: 401 | 403 | 503;
}

export interface Admitted extends ServerPod {
  readonly identity: TokenIdentity;
}

/** How long somebody waits for a newer view. */
const REFRESH_MS = 3_000;
const BEARER = /^Bearer ([\w.~+/-]+=*)$/;

function statusOf(reason: ReviewRefusal): EntryError['status'] {
  return reason === 'unavailable' ? 503 : 401;
}

export class Doorkeeper {
  private readonly options: DoorkeeperOptions;

  constructor(options: DoorkeeperOptions) {
    this.options = options;
  }

  /** The server and pod that a proxy speaks for. */
  async admitProxy(
    headers: http.IncomingHttpHeaders,
    signal: AbortSignal,
  ): Promise<Result<Admitted, EntryError>> {
    const known = await this.identify(headers, signal);
    if (!known.ok) return known;
    const identity = known.value;
    const first = this.serverOf(identity);
    const found =
      first.ok || !(await this.looksAgain(first.error.reason, signal)) ? first : this.serverOf(identity);
    if (found.ok) return ok({ ...found.value, identity });
    return err({ ...found.error, status: 403 });
  }

  /** Whether it is the operator. */
  async admitOperator(
    headers: http.IncomingHttpHeaders,
    signal: AbortSignal,
  ): Promise<Result<TokenIdentity, EntryError>> {
    const known = await this.identify(headers, signal);
    if (!known.ok) return known;
    const { namespace, name } = this.options.operator;
    if (known.value.namespace === namespace && known.value.name === name) return known;
    const message = `${known.value.namespace}/${known.value.name} is not the service account of the operator`;
    return err({ reason: 'not_the_operator', message, status: 403 });
  }

  private async identify(
    { authorization = '' }: http.IncomingHttpHeaders,
    signal: AbortSignal,
  ): Promise<Result<TokenIdentity, EntryError>> {
    const token = BEARER.exec(authorization)?.[1];
    if (token === undefined) {
      return err({ reason: 'no_token', message: 'there is no bearer token', status: 401 });
    }
    const review = await this.options.reviews.review(token, TOKEN_AUDIENCES.policy, signal);
    if (review.ok) return ok(review.identity);
    return err({ reason: review.reason, message: review.message, status: statusOf(review.reason) });
  }

  private serverOf(identity: TokenIdentity) {
    const { pods, servers } = this.options;
    const { namespace, pod } = identity;
    const live = pod === undefined ? undefined : pods.get({ namespace, name: pod.name });
    return serverOfPod(identity, live, servers);
  }

  /** True where what was missing may be there by now. */
  private async looksAgain(reason: PodServerRefusal, signal: AbortSignal): Promise<boolean> {
    const missing = { pod_unknown: 'pods', pod_replaced: 'pods', server_unknown: 'servers' } as const;
    if (reason !== 'pod_unknown' && reason !== 'pod_replaced' && reason !== 'server_unknown') return false;
    await Promise.race([this.options.refresh(missing[reason]), pause(REFRESH_MS, signal)]);
    return true;
  }
}
