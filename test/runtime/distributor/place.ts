// A distributor as it runs, before an API server in memory that knows whose tokens are whose; with the real ends of its
// wires: proxies' streams and the operator's reader.
import { DISTRIBUTOR, DISTRIBUTOR_TLS_NAME, NAMESPACES } from '#api/names.ts';
import type { Connect } from '#runtime/distributor/probe/connect.ts';
import { Distributor } from '#runtime/distributor/distributor.ts';
import { readDistributorSettings } from '#runtime/distributor/settings.ts';
import { isKubeObject, recordOf } from '#runtime/kube/json.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { TOKEN_REVIEW } from '#runtime/kube/token-review.ts';
import { issueServing, makeAuthority, type KeyPair } from '#runtime/operator/trust/certificates.ts';
import { HttpAcknowledgements } from '#runtime/operator/policy/http-acknowledgements.ts';
import { CONFIG_MAP, GRANT, POD, SECRET, SERVER, SESSION } from '#runtime/policy-book/kinds.ts';
import { systemClock } from '#runtime/process/clock.ts';
import { silentLog } from '#runtime/process/log.ts';
import { FakeApiServer, type FakeRequest, type Fault } from '#test/runtime/kube/fake-api-server.ts';
import { KeptLog } from '#test/runtime/kube/things.ts';
import { testToken } from '#test/runtime/proxy/harness/distributor.ts';
import { rawServer } from '#test/runtime/operator/access/build.ts';
import { startProxy } from './a-proxy.ts';

export const OPERATOR_TOKEN = testToken('operator');
const HOUR_MS = 3_600_000;
const AUDIENCE = 'mcp-runtime-policy';

export function kubeObject(raw: object): KubeObject {
  if (!isKubeObject(raw)) throw new TypeError('no object of the API');
  return raw;
}

/** A pod of a server, ready. */
export function serverPod(name: string, server = 'notes', podIP = '10.0.0.1'): KubeObject {
  const labels = { 'app.kubernetes.io/managed-by': 'mcp-runtime', 'app.kubernetes.io/instance': server };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'team-a', name, uid: `uid-${name}`, labels },
    status: { podIP, conditions: [{ type: 'Ready', status: 'True' }] },
  };
}

export class Place {
  readonly api: FakeApiServer;
  readonly log = new KeptLog();
  authority: KeyPair;
  /** Whether the API server answers reviews. */
  reviews = true;
  /** Fails requests; asked after reviews were answered. */
  fault: (request: FakeRequest) => Fault | undefined = () => undefined;
  readonly tokens = new Map<
    string,
    { readonly account: string; readonly pod?: string; readonly audience?: string }
  >();
  private readonly endings: (() => Promise<unknown>)[] = [];

  private constructor(api: FakeApiServer, authority: KeyPair) {
    this.api = api;
    this.authority = authority;
    api.fault = (request) => this.review(request) ?? this.fault(request);
    this.tokens.set(OPERATOR_TOKEN, {
      account: 'system:serviceaccount:mcp-runtime:mcp-runtime-operator-controller-manager',
    });
    api.put(SERVER, kubeObject(rawServer()));
  }

  static async start(): Promise<Place> {
    const api = await FakeApiServer.start([SERVER, GRANT, SESSION, CONFIG_MAP, POD, SECRET]);
    const place = new Place(api, await makeAuthority('test', { nowMs: Date.now(), validMs: HOUR_MS }));
    place.endings.push(() => api.close());
    return place;
  }

  async end(): Promise<void> {
    for (const end of this.endings.splice(0).reverse()) await end();
  }

  /** Writes the Secret as the operator does. */
  async certify(authority = this.authority): Promise<void> {
    const lifetime = { nowMs: Date.now(), validMs: HOUR_MS };
    const { certificate, key } = await issueServing(authority, [DISTRIBUTOR_TLS_NAME, 'localhost'], lifetime);
    this.putCertificate(certificate, key);
  }

  putCertificate(certificate: string, key: string): void {
    const base64 = (text: string) => Buffer.from(text).toString('base64');
    this.api.put(SECRET, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { namespace: NAMESPACES.platform, name: DISTRIBUTOR.tlsSecret },
      data: { 'tls.crt': base64(certificate), 'tls.key': base64(key) },
    });
  }

  /** A distributor that has begun; it listens once it can. */
  distributor(options: { readonly connect?: Connect; readonly port?: number } = {}): Distributor {
    const { connect, port = 0 } = options;
    const read = readDistributorSettings({ STREAM_PORT: String(port), BIND_ADDRESS: '127.0.0.1' });
    if (!read.ok) throw new Error(JSON.stringify(read.problems));
    const distributor = new Distributor({
      connection: this.api.connection,
      settings: read.value,
      clock: systemClock,
      log: this.log,
      ...(connect !== undefined && { connect }),
    });
    this.endings.push(() => distributor.stop());
    void distributor.run();
    return distributor;
  }

  /** A pod in the cluster, and its token. */
  pod(name: string, server = 'notes'): string {
    const token = testToken(name);
    this.api.put(POD, serverPod(name, server));
    this.tokens.set(token, { account: `system:serviceaccount:team-a:${server}`, pod: name });
    return token;
  }

  /** A proxy with streams to some ports; `token` is what its folder holds. */
  proxy(token: string, ...ports: readonly (number | undefined)[]) {
    const proxy = startProxy({ ca: this.authority.certificate, token, ports });
    this.endings.push(() => proxy.stop());
    return proxy;
  }

  /** The operator's reader. */
  operator(port: number | undefined, token = OPERATOR_TOKEN): HttpAcknowledgements {
    const source = new HttpAcknowledgements({
      url: `https://localhost:${port ?? 0}`,
      log: silentLog,
      ca: () => this.authority.certificate,
      token: () => Promise.resolve(token),
      backoff: { firstMs: 20, maxMs: 100 },
    });
    const stop = new AbortController();
    const ran = source.run(stop.signal);
    this.endings.push(() => {
      stop.abort();
      return ran;
    });
    return source;
  }

  private review({ method, path: asked, body }: FakeRequest): Fault | undefined {
    if (method !== 'POST' || !asked.endsWith(`/${TOKEN_REVIEW.resource}`)) return undefined;
    if (!this.reviews) return { status: 503 };
    const { spec } = recordOf(body);
    const { token } = recordOf(spec);
    const known = typeof token === 'string' ? this.tokens.get(token) : undefined;
    if (known === undefined)
      return { status: 201, body: { kind: 'TokenReview', status: { authenticated: false } } };
    const extra = known.pod !== undefined && {
      'authentication.kubernetes.io/pod-name': [known.pod],
      'authentication.kubernetes.io/pod-uid': [`uid-${known.pod}`],
    };
    const status = {
      authenticated: true,
      audiences: [known.audience ?? AUDIENCE],
      user: { username: known.account, extra },
    };
    return { status: 201, body: { kind: 'TokenReview', status } };
  }
}
