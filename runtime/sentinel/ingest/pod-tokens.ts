// Which server a client of ingest speaks for, by the token of its pod: the API server says whose token it is and which pod
// it is bound to, the pod and its server say the rest. Where the API server can't be asked, that is said, and a client
// keeps its events: an outage is no refusal.
import { TOKEN_AUDIENCES } from '#api/names.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import type { Kube } from '#runtime/kube/kube.ts';
import { keyText, type KubeObject, type ObjectKey } from '#runtime/kube/object.ts';
import type { Review, TokenIdentity } from '#runtime/kube/token-review.ts';
import { POD } from '#runtime/policy-book/kinds.ts';
import { serverOfPod } from '#runtime/policy-book/pod-server.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { IngestIdentity } from './api-keys.ts';

export type Recognition =
  | { readonly ok: true; readonly identity: IngestIdentity }
  | {
      readonly ok: false;
      readonly status: 401 | 403 | 429 | 503;
      readonly code: 'unauthorized' | 'no_server' | 'busy' | 'tokens_unavailable';
      readonly message: string;
    };

export interface PodTokensOptions {
  readonly reviews: { review(token: string, audience: string): Promise<Review> };
  readonly kube: Pick<Kube, 'get'>;
  readonly servers: Cache;
  readonly clock: Clock;
}

interface Known {
  readonly recognition: Recognition;
  readonly untilMs: number;
}

const KNOWN = { pods: 20_000, goodMs: 60_000, badMs: 2_000 } as const;
/** Questions to the API server that are under way at one time. */
const MOST_ASKED = 128;
/** A server that was deleted: its pods deliver what they recorded before they end. */
const DEPARTED = { servers: 10_000, ms: 10 * 60_000 } as const;

export class PodTokens {
  private readonly options: PodTokensOptions;
  /** By the uid of the pod. */
  private readonly known = new Map<string, Known>();
  private readonly departed = new Map<string, { readonly server: KubeObject; readonly untilMs: number }>();
  private asking = 0;

  constructor(options: PodTokensOptions) {
    this.options = options;
    options.servers.onChange(({ type, object }) => {
      const key = keyText(object.metadata);
      this.departed.delete(key);
      if (type !== 'deleted') return;
      this.departed.set(key, { server: object, untilMs: options.clock.monotonicMs() + DEPARTED.ms });
      forgetOldest(this.departed, DEPARTED.servers);
    });
  }

  /** Never throws. */
  async recognise(token: string): Promise<Recognition> {
    if (!this.options.servers.synced) return unavailable('the servers of the cluster are not read yet');
    if (this.asking >= MOST_ASKED) {
      return { ok: false, status: 429, code: 'busy', message: 'Too many clients are being looked up.' };
    }
    this.asking += 1;
    try {
      const review = await this.options.reviews.review(token, TOKEN_AUDIENCES.ingest);
      if (review.ok) return await this.serverOf(review.identity);
      if (review.reason === 'unavailable') return unavailable(review.message);
      const message = `The bearer token is not accepted: ${review.message}.`;
      return { ok: false, status: 401, code: 'unauthorized', message };
    } finally {
      this.asking -= 1;
    }
  }

  private async serverOf(identity: TokenIdentity): Promise<Recognition> {
    const uid = identity.pod?.uid ?? '';
    const known = this.known.get(uid);
    const nowMs = this.options.clock.monotonicMs();
    if (known !== undefined && nowMs < known.untilMs) return known.recognition;
    const recognition = await this.lookUp(identity);
    if (uid === '' || (!recognition.ok && recognition.status === 503)) return recognition;
    this.known.delete(uid);
    this.known.set(uid, { recognition, untilMs: nowMs + (recognition.ok ? KNOWN.goodMs : KNOWN.badMs) });
    forgetOldest(this.known, KNOWN.pods);
    return recognition;
  }

  private async lookUp(identity: TokenIdentity): Promise<Recognition> {
    const { namespace, pod } = identity;
    let live: KubeObject | undefined;
    try {
      if (pod !== undefined) live = await this.options.kube.get(POD, { namespace, name: pod.name });
    } catch (error) {
      return unavailable(error instanceof Error ? error.message : String(error));
    }
    const found = serverOfPod(identity, live, { get: (key) => this.server(key) });
    if (found.ok) {
      const { server } = found.value;
      return { ok: true, identity: { namespace: server.namespace, server: server.name } };
    }
    const { reason, message } = found.error;
    return { ok: false, status: 403, code: 'no_server', message: `${reason}: ${message}.` };
  }

  private server(key: ObjectKey): KubeObject | undefined {
    const departed = this.departed.get(keyText(key));
    const isRecent = departed !== undefined && this.options.clock.monotonicMs() < departed.untilMs;
    return this.options.servers.get(key) ?? (isRecent ? departed.server : undefined);
  }
}

function unavailable(why: string): Recognition {
  const message = `Tokens can not be checked now: ${why}. Keep the events and try again.`;
  return { ok: false, status: 503, code: 'tokens_unavailable', message };
}

function forgetOldest(map: Map<string, unknown>, most: number): void {
  for (const oldest of map.keys()) {
    if (map.size <= most) return;
    map.delete(oldest);
  }
}
