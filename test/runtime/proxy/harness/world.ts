// A proxy with everything around it, in this process: a server behind, an ingest beside, a policy file below.
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { parseGatewayKeys } from '#api/gateway-keys.ts';
import type { AuditPayload } from '#api/audit-event.ts';
import { renderPolicy, type PolicyContent } from '#policy/document.ts';
import { systemClock, type Clock } from '#runtime/process/clock.ts';
import type { Env } from '#runtime/process/env.ts';
import { createLog, type Log } from '#runtime/process/log.ts';
import { readProxyConfig } from '#runtime/proxy/config.ts';
import { subjectKeyOf } from '#runtime/proxy/edge/identity.ts';
import { KeyRing } from '#runtime/proxy/keys/key-ring.ts';
import { SessionSeal } from '#runtime/proxy/sessions/session-seal.ts';
import { startProxy, type StartedProxy } from '#runtime/proxy/proxy.ts';
import { startIngest, type FakeIngest } from './ingest.ts';
import { createTlsServer, type TlsFault } from './tls-server.ts';
import { openStreamAt, type OpenStream } from './open-stream.ts';
import { USER_1, policyDocument } from './policy.ts';

export type UpstreamScheme = 'http' | 'https';

/** What a caller says of its connection: one that goes on is read by the reader of plain requests, one that ends by `node:http`. */
export type CallerConnection = 'keep-alive' | 'close';

/** The ways from a caller to a server that differ in who reads the bytes. */
export const WAYS: readonly Required<Pick<WorldOptions, 'scheme' | 'connection'>>[] = [
  { scheme: 'http', connection: 'keep-alive' },
  { scheme: 'http', connection: 'close' },
  { scheme: 'https', connection: 'keep-alive' },
];

export interface WorldOptions {
  /** The server behind; answers every request with a small result by default. */
  readonly upstream?: http.RequestListener;
  /** What the proxy speaks to it: by `https:` it is another client. @default 'http' */
  readonly scheme?: UpstreamScheme;
  /** Of the calls that this world makes. @default 'keep-alive' */
  readonly connection?: CallerConnection;
  /** What is wrong with its certificate. */
  readonly tlsFault?: TlsFault;
  readonly policy?: Partial<PolicyContent>;
  /** The policy file's text instead of `policy`; undefined for none. */
  readonly policyText?: string | undefined;
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly auditOff?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  readonly json: RpcAnswer;
}

const rpcAnswer = z.looseObject({
  id: z.union([z.string(), z.number(), z.null()]).optional(),
  result: z.looseObject({}).optional(),
  error: z
    .looseObject({
      code: z.number(),
      message: z.string(),
      data: z.looseObject({ reason: z.string() }).optional(),
    })
    .optional(),
});
export type RpcAnswer = z.output<typeof rpcAnswer>;

export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly rawHeaders: readonly string[];
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  /** The body as it came. */
  readonly bytes: Buffer;
}

export class World {
  readonly ingest: FakeIngest;
  proxy: StartedProxy;
  readonly folder: string;
  readonly logLines: string[];
  /** What reached the server behind. */
  readonly received: ReceivedRequest[];
  readonly connection: CallerConnection;
  private readonly server: http.Server;
  private policyVersion = 1;
  private closed = false;
  private readonly startProxy: (env: Env) => Promise<StartedProxy>;

  private constructor(
    parts: Pick<World, 'ingest' | 'proxy' | 'folder' | 'logLines' | 'received' | 'connection'>,
    server: http.Server,
    startProxy: (env: Env) => Promise<StartedProxy>,
  ) {
    this.startProxy = startProxy;
    this.ingest = parts.ingest;
    this.proxy = parts.proxy;
    this.folder = parts.folder;
    this.logLines = parts.logLines;
    this.received = parts.received;
    this.connection = parts.connection;
    this.server = server;
  }

  static async start(options: WorldOptions = {}): Promise<World> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'proxy-'));
    const received: ReceivedRequest[] = [];
    const { scheme = 'http', connection = 'keep-alive', upstream = answerOk } = options;
    const listener = observed(received, upstream);
    const server =
      scheme === 'http' ? http.createServer(listener) : await createTlsServer(listener, options.tlsFault);
    const upstreamPort = await open(server);
    const ingest = await startIngest();
    const policyFile = path.join(folder, 'policy.json');
    const text = 'policyText' in options ? options.policyText : renderPolicy(policyDocument(options.policy));
    if (text !== undefined) await writeFile(policyFile, text);
    const logLines: string[] = [];
    const log: Log = createLog({
      program: 'proxy',
      level: 'debug',
      destination: { write: (line) => void logLines.push(line) },
    });
    const given: Env = {
      PORT: '0',
      METRICS_PORT: '0',
      BIND_ADDRESS: '127.0.0.1',
      UPSTREAM_URL: `${scheme}://${scheme === 'http' ? '127.0.0.1' : 'localhost'}:${upstreamPort}`,
      POLICY_FILE: policyFile,
      MCP_SERVER_NAME: 'notes',
      MCP_SERVER_NAMESPACE: 'team-a',
      STATE_DIR: path.join(folder, 'state'),
      INSTANCE: 'proxy-1',
      ...(options.auditOff === true ? {} : { ANALYTICS_INGEST_URL: ingest.url, ANALYTICS_API_KEY: 'key-1' }),
      ...options.env,
    };
    const start = (env: Env) => {
      const read = readProxyConfig({ ...given, ...env });
      if (!read.ok) throw new Error(JSON.stringify(read.problems));
      return startProxy(read.value, options.clock ?? systemClock, log);
    };
    const proxy = await start({});
    return new World({ ingest, proxy, folder, logLines, received, connection }, server, start);
  }

  /** Ends the proxy and starts another in its place, with the same folder. */
  async restart(env: Env = {}): Promise<void> {
    await this.proxy.close(AbortSignal.timeout(200), 200);
    this.proxy = await this.startProxy(env);
  }

  get url(): string {
    return `http://127.0.0.1:${this.proxy.port}/mcp`;
  }

  /** Posts a message, or a text as it is, as user-1 unless told otherwise. */
  async post(message: unknown, headers: Readonly<Record<string, string>> = USER_1): Promise<Answer> {
    const body = typeof message === 'string' ? message : JSON.stringify(message);
    return this.send('POST', body, {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...headers,
    });
  }

  /** Calls a tool. */
  call(tool: string, headers: Readonly<Record<string, string>> = USER_1, args: object = {}): Promise<Answer> {
    return this.post(
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: args } },
      headers,
    );
  }

  send(
    method: string,
    body: string,
    headers: Readonly<Record<string, string>>,
    url = this.url,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const options = { method, headers: { connection: this.connection, ...headers }, agent: false };
      const request = http.request(url, options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = response.headers['content-type']?.includes('json') === true;
          const json = isJson ? rpcAnswer.parse(JSON.parse(text)) : {};
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
        });
      });
      request.on('error', reject);
      request.end(body === '' ? undefined : body);
    });
  }

  /** Opens a stream, by POST where there is a body. */
  openStream(
    body: object | undefined,
    headers: Readonly<Record<string, string>> = USER_1,
  ): Promise<OpenStream> {
    return openStreamAt(this.url, body, { connection: this.connection, ...headers });
  }

  /** A page of the side listener. */
  async page(pagePath: string): Promise<{ readonly status: number; readonly text: string }> {
    const answer = await fetch(`http://127.0.0.1:${this.proxy.metricsPort}${pagePath}`);
    return { status: answer.status, text: await answer.text() };
  }

  /** Replaces the policy atomically by a newer one, and waits until it is in force. */
  async setPolicy(changes: Partial<PolicyContent>): Promise<void> {
    this.policyVersion += 1;
    const document = policyDocument(changes, this.policyVersion);
    await this.writePolicy(renderPolicy(document));
    await this.until(async () =>
      (await this.page('/config/status')).text.includes(`"servers":"${this.policyVersion}"`),
    );
  }

  async writePolicy(text: string): Promise<void> {
    const file = path.join(this.folder, 'policy.json');
    await writeFile(`${file}.new`, text);
    await rename(`${file}.new`, file);
  }

  /** The audit payloads, once at least so many arrived. */
  async audit(count: number): Promise<AuditPayload[]> {
    await this.until(() => this.ingest.events.length >= count);
    return this.ingest.events.map(({ payload }) => payload);
  }

  /** The identity headers of a caller, and with them the id of a session that the server is to have given it. */
  async inSession(id: string, caller: Readonly<Record<string, string>> = USER_1) {
    const text = await readFile(path.join(this.folder, 'state', 'keys.json'), 'utf8');
    const ring = new KeyRing(parseGatewayKeys(text, 'the keys of this proxy'), systemClock);
    const teams = caller['x-mcp-team-id'] === undefined ? [] : [caller['x-mcp-team-id']];
    const [human, agent] = [caller['x-mcp-human-id'], caller['x-mcp-agent-id']];
    const sealed = new SessionSeal(ring, { name: 'notes', namespace: 'team-a' }).seal(
      { host: '', port: 0, podUid: '', id },
      subjectKeyOf({ assurance: 'asserted', human, agent, teams }),
    );
    return { ...caller, 'mcp-session-id': sealed ?? '' };
  }

  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 30_000;
    while (!(await condition())) {
      if (performance.now() > deadline) throw new Error('what was waited for did not happen');
      await delay(10);
    }
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    await this.proxy.close(AbortSignal.timeout(200), 200);
    await this.ingest.close();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    // Connections that end behind the proxy may still be recorded.
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
}

async function open(server: http.Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Notes each request; the listener gets it with its body read and still to be read. */
function observed(received: ReceivedRequest[], listener: http.RequestListener): http.RequestListener {
  return (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', rawHeaders, headers } = request;
      const bytes = Buffer.concat(chunks);
      received.push({ method, url, rawHeaders, headers, body: bytes.toString(), bytes });
    });
    request.pause();
    listener(request, response);
  };
}

/** Reads a request's body and answers it with a result that repeats its method. */
export const answerOk: http.RequestListener = (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const asked = z
      .looseObject({ id: z.union([z.string(), z.number()]).optional(), method: z.string().optional() })
      .parse(chunks.length === 0 ? {} : JSON.parse(Buffer.concat(chunks).toString()));
    if (asked.id === undefined || asked.method === undefined) {
      response.writeHead(202).end();
      return;
    }
    const body = JSON.stringify({ jsonrpc: '2.0', id: asked.id, result: { did: asked.method } });
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  });
  request.resume();
};
