// A proxy that is killed between a call and its answer, and started again in its place, as a kubelet does it: what the
// official clients notice, and how often the server did what it was asked.
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { McpServer, createMcpHandler } from '@modelcontextprotocol/server';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { LegacySessions } from '#scripts/conformance/fixture/legacy-sessions.ts';
import { renderPolicy } from '#policy/document.ts';
import { USER_1, policyDocument } from './harness/policy.ts';
import { listening, startProxyProcess, type ProxyProcess } from './harness/proxy-process.ts';

jest.setTimeout(120_000);

const ended: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

/** A server whose calls wait until the test lets them end. */
class SlowServer {
  /** Calls that were begun. */
  calls = 0;
  readonly begun = Promise.withResolvers<undefined>();
  readonly mayEnd = Promise.withResolvers<undefined>();

  readonly make = (): McpServer => {
    const server = new McpServer({ name: 'slow', version: '1.0.0' });
    server.registerTool('read_note', { description: 'Waits' }, async () => {
      this.calls += 1;
      this.begun.resolve(undefined);
      await this.mayEnd.promise;
      return { content: [{ type: 'text', text: `call ${this.calls}` }] };
    });
    return server;
  };
}

type Era = 'legacy' | 'modern';

async function listenerOf(era: Era, { make }: SlowServer): Promise<string> {
  const modern = toNodeHandler(createMcpHandler(make));
  const sessions = new LegacySessions(make);
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body: unknown = chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
      void (era === 'modern' ? modern(request, response, body) : sessions.handle(request, response, body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ended.push(async () => {
    server.close();
    await sessions.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : address}`;
}

/** A proxy in front of a server, in a folder of its own; each life of it has the same port. */
class Place {
  port = 0;
  private child: ProxyProcess | undefined;
  private readonly env: Readonly<Record<string, string>>;
  private readonly folder: string;

  private constructor(folder: string, upstream: string) {
    this.folder = folder;
    this.env = {
      METRICS_PORT: '0',
      BIND_ADDRESS: '127.0.0.1',
      UPSTREAM_URL: upstream,
      POLICY_FILE: path.join(folder, 'policy.json'),
      MCP_SERVER_NAME: 'notes',
      MCP_SERVER_NAMESPACE: 'team-a',
      STATE_DIR: path.join(folder, 'state'),
    };
  }

  static async make(upstream: string): Promise<Place> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'proxy-restarts-'));
    await writeFile(path.join(folder, 'policy.json'), renderPolicy(policyDocument()));
    const place = new Place(folder, upstream);
    ended.push(() => place.remove());
    await place.start();
    return place;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${this.port}/mcp`);
  }

  async start(): Promise<void> {
    this.child = startProxyProcess({ ...this.env, PORT: String(this.port) });
    this.port = await listening(this.child);
  }

  async restart(): Promise<void> {
    await this.child?.kill();
    await this.start();
  }

  /** As a pod that is replaced: nothing of what it kept is there any more. */
  async replace(): Promise<void> {
    await this.child?.kill();
    await rm(path.join(this.folder, 'state'), { recursive: true });
    await this.start();
  }

  private async remove(): Promise<void> {
    await this.child?.kill();
    await rm(this.folder, { recursive: true });
  }
}

interface Caller {
  /** @param onResumable hears that the stream of the answer has begun, and can be resumed */
  readonly call: (onResumable?: () => void) => Promise<unknown>;
}

type Connect = (url: URL) => Promise<Caller>;

/** As often as it takes until a proxy listens again; the clients' own default gives up after two tries. */
const reconnectionOptions = {
  initialReconnectionDelay: 200,
  maxReconnectionDelay: 500,
  reconnectionDelayGrowFactor: 1.2,
  maxRetries: 200,
};
const CALL = { name: 'read_note', arguments: {} };

const v1: Connect = async (url) => {
  const client = new ClientV1({ name: 'test-v1', version: '1.0.0' });
  const requestInit = { headers: USER_1 };
  await client.connect(new TransportV1(url, { requestInit, reconnectionOptions }));
  ended.push(() => client.close());
  return {
    call: (onResumable) =>
      client.callTool(CALL, undefined, { ...(onResumable && { onresumptiontoken: onResumable }) }),
  };
};

const v2 =
  (mode: 'legacy' | 'auto'): Connect =>
  async (url) => {
    const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } });
    const requestInit = { headers: USER_1 };
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit, reconnectionOptions }));
    ended.push(() => client.close());
    return {
      call: (onResumable) =>
        client.callTool(CALL, { ...(onResumable && { onresumptiontoken: onResumable }) }),
    };
  };

const said = (number: number) => ({ content: [{ type: 'text', text: `call ${number}` }] });

describe.each<[string, Connect]>([
  ['version 1', v1],
  ['version 2', v2('legacy')],
])('a proxy that is killed under a call of the official client of %s with a session', (_which, connect) => {
  it('and comes back has the answer brought, and the session goes on', async () => {
    const server = new SlowServer();
    const place = await Place.make(await listenerOf('legacy', server));
    const caller = await connect(place.url);
    const resumable = Promise.withResolvers<undefined>();
    const answer = caller.call(() => resumable.resolve(undefined));
    await Promise.all([server.begun.promise, resumable.promise]);
    await place.restart();
    server.mayEnd.resolve(undefined);
    expect(await answer).toMatchObject(said(1));
    expect(await caller.call()).toMatchObject(said(2));
    expect(server.calls).toBe(2);
  });

  it('and comes back as another says that the session is gone, and a new one begins at once', async () => {
    const server = new SlowServer();
    server.mayEnd.resolve(undefined);
    const place = await Place.make(await listenerOf('legacy', server));
    const caller = await connect(place.url);
    await caller.call();
    await place.replace();
    await expect(caller.call()).rejects.toThrow('unknown_mcp_session');
    expect(server.calls).toBe(1);
    expect(await (await connect(place.url)).call()).toMatchObject(said(2));
  });
});

describe('a proxy that is killed under a call of the official client of version 2 without a session', () => {
  it('has the call fail for its caller, and nobody makes it again', async () => {
    const server = new SlowServer();
    const place = await Place.make(await listenerOf('modern', server));
    const caller = await v2('auto')(place.url);
    const failed = expect(caller.call()).rejects.toThrow();
    await server.begun.promise;
    await place.restart();
    await failed;
    server.mayEnd.resolve(undefined);
    expect(await caller.call()).toMatchObject(said(2));
    expect(server.calls).toBe(2);
  });
});
