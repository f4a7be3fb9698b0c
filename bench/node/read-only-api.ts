// An API server as far as a distributor needs one: lists, watches, reviews of tokens. Objects are made for the bench, and
// only sessions ever change. Tokens name their pod; that they are not signed is all the difference to real ones.
import http from 'node:http';
import { DISTRIBUTOR, NAMESPACES } from '#api/names.ts';

interface Item {
  readonly metadata: { readonly name: string; resourceVersion: string };
  spec?: object;
}

/** `servers` servers, each with two grants, two sessions and one pod. */
export interface ReadOnlyApiOptions {
  readonly servers: number;
  /** PEM, of the distributor. */
  readonly certificate: { readonly certificate: string; readonly key: string };
}

/** An API server keeps connections for minutes; one that is closed under a review costs a proxy its stream. */
const IDLE_MS = 180_000;

const NAMESPACE = 'bench';
const GROUP = 'mcpruntime.org/v1alpha1';
const POD_KEY = 'authentication.kubernetes.io/pod-';

export const podUid = (at: number): string => `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;

/** A token of the pod of a server, as far as anybody reads it. */
export function tokenOf(at: number): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ at, exp: Math.floor(Date.now() / 1000) + 3_600 })}.unsigned`;
}

const times = (count: number) => Array.from({ length: count }, (_, at) => at);
const base64 = (text: string) => Buffer.from(text).toString('base64');

export class ReadOnlyApi {
  readonly sessions: Item[];
  private readonly lists: ReadonlyMap<string, readonly object[]>;
  private readonly watchers = new Set<http.ServerResponse>();
  private readonly server: http.Server;
  private version = 1_000;

  constructor({ servers, certificate }: ReadOnlyApiOptions) {
    const every = times(servers);
    this.sessions = every.flatMap((at) =>
      [0, 1].map((who) => ({
        ...this.object(`server-${at}-session-${who}`),
        spec: { ...about(at, who), consentedTrust: 'medium' },
      })),
    );
    this.lists = new Map<string, readonly object[]>([
      ['mcpservers', every.map((at) => ({ ...this.object(`server-${at}`), spec: serverSpec(at) }))],
      ['mcpaccessgrants', every.flatMap((at) => [0, 1].map((who) => this.grant(at, who)))],
      ['mcpagentsessions', this.sessions],
      ['configmaps', []],
      ['pods', every.map((at) => this.pod(at))],
      ['secrets', [this.secret(certificate)]],
    ]);
    this.server = http.createServer((request, response) => void this.answer(request, response));
    this.server.keepAliveTimeout = IDLE_MS;
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    const address = this.server.address();
    return `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** Revokes the first session of a server. */
  revoke(at: number): void {
    const session = this.sessions[2 * at];
    if (session === undefined) return;
    this.version += 1;
    session.spec = { ...session.spec, revoked: true };
    session.metadata.resourceVersion = String(this.version);
    Object.assign(session.metadata, { generation: 2 });
    for (const response of this.watchers)
      response.write(`${JSON.stringify({ type: 'MODIFIED', object: session })}\n`);
  }

  private object(name: string, apiVersion = GROUP, kind = kindOf(name)) {
    const metadata = {
      name,
      namespace: NAMESPACE,
      uid: `uid-${name}`,
      resourceVersion: String(this.version),
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    };
    return { apiVersion, kind, metadata };
  }

  private grant(at: number, who: number) {
    const spec = { ...about(at, who), maxTrust: 'medium', allowedSideEffects: ['read', 'write'] };
    return { ...this.object(`server-${at}-grant-${who}`), spec };
  }

  private pod(at: number) {
    const { metadata } = this.object(`server-${at}-pod`);
    const labels = {
      app: `server-${at}`,
      'app.kubernetes.io/managed-by': 'mcp-runtime',
      'app.kubernetes.io/instance': `server-${at}`,
    };
    // Not ready: nothing listens there, and nobody shall knock.
    const conditions = [{ type: 'Ready', status: 'False' }];
    const status = { podIP: '192.0.2.1', conditions };
    return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, uid: podUid(at), labels }, status };
  }

  private secret({ certificate, key }: ReadOnlyApiOptions['certificate']) {
    const metadata = {
      name: DISTRIBUTOR.tlsSecret,
      namespace: NAMESPACES.platform,
      uid: 'uid-tls',
      resourceVersion: '1',
    };
    const data = { 'tls.crt': base64(certificate), 'tls.key': base64(key) };
    return { apiVersion: 'v1', kind: 'Secret', metadata, data };
  }

  private async answer(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://api');
    const resource = url.pathname.split('/').at(-1) ?? '';
    const json = (status: number, body: object) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (resource === 'tokenreviews') {
      const chunks: Buffer[] = [];
      for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
      json(201, review(Buffer.concat(chunks).toString()));
    } else if (url.searchParams.has('watch')) {
      response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
      if (resource === 'mcpagentsessions') this.watchers.add(response);
    } else {
      const items = this.lists.get(resource) ?? [];
      json(200, {
        kind: 'List',
        apiVersion: 'v1',
        metadata: { resourceVersion: String(this.version) },
        items,
      });
    }
  }
}

function kindOf(name: string): string {
  if (name.includes('-grant-')) return 'MCPAccessGrant';
  return name.includes('-session-') ? 'MCPAgentSession' : 'MCPServer';
}

const about = (at: number, who: number) => ({
  serverRef: { name: `server-${at}` },
  subject: { humanID: `user-${who}`, agentID: 'agent-1' },
});

const serverSpec = (at: number) => ({
  image: `registry.example.org/server-${at}:1.0.0`,
  gateway: { enabled: true, port: 8091 },
  tools: [
    { name: 'look', sideEffect: 'read', requiredTrust: 'low' },
    { name: 'change', sideEffect: 'write', requiredTrust: 'medium' },
  ],
});

function review(body: string): object {
  const token = /"token":"([^"]+)"/.exec(body)?.[1] ?? '';
  const payload = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
  const at = Number(/"at":(\d+)/.exec(payload)?.[1] ?? 0);
  const extra = { [`${POD_KEY}name`]: [`server-${at}-pod`], [`${POD_KEY}uid`]: [podUid(at)] };
  const user = { username: `system:serviceaccount:${NAMESPACE}:server-${at}`, extra };
  return { kind: 'TokenReview', status: { authenticated: true, audiences: ['mcp-runtime-policy'], user } };
}
