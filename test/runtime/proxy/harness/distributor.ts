// Distributors to connect to: real TLS servers with certificates made for the test, which keep what proxies say and send
// what the test wants.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { TLSSocket } from 'node:tls';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { upMessage, type DownMessage, type PolicyMark, type UpMessage } from '#api/distributor-api.ts';
import { IDENTITY_FILES } from '#api/proxy-config.ts';
import type { PolicyDocument } from '#policy/document.ts';
import { linesOf } from '#runtime/kube/json-lines.ts';
import {
  issueServing,
  makeAuthority,
  type KeyPair,
  type Lifetime,
} from '#runtime/operator/trust/certificates.ts';

export const SERVER_NAME = 'mcp-runtime-distributor.mcp-runtime.svc';

const LATER_MS = Date.now() + 3_600_000;

const lifetime = () => ({ nowMs: Date.now(), validMs: 3_600_000 });

export const testAuthority = (): Promise<KeyPair> => makeAuthority('test', lifetime());

/** A token as the kubelet writes it, as far as a proxy reads it. */
export function testToken(name: string, expiresAtMs = LATER_MS): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'none' })}.${part({ sub: name, exp: Math.floor(expiresAtMs / 1000) })}.signature`;
}

export const markOf = ({ revision, inputs, epoch }: PolicyDocument): PolicyMark => ({
  revision,
  inputs,
  epoch,
});

/** The folder that a pod has its tokens and the CA in. */
export class IdentityFolder {
  readonly folder = mkdtempSync(path.join(os.tmpdir(), 'identity-'));

  write({ ca, token }: { readonly ca?: string; readonly token?: string }): this {
    if (ca !== undefined) writeFileSync(path.join(this.folder, IDENTITY_FILES.ca), ca);
    if (token !== undefined) writeFileSync(path.join(this.folder, IDENTITY_FILES.policyToken), `${token}\n`);
    return this;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** One proxy's stream, from the distributor's side. */
export class ProxyStream {
  readonly said: UpMessage[] = [];
  readonly token: string | undefined;
  readonly serverName: string | false | null | undefined;
  isOpen = true;
  private readonly response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.response = response;
    this.token = request.headers.authorization;
    const socket: unknown = request.socket;
    this.serverName = isTls(socket) ? socket.servername : undefined;
    response.on('close', () => (this.isOpen = false));
    response.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders();
    void this.listen(request);
  }

  send(...messages: DownMessage[]): void {
    for (const message of messages) this.sendRaw(`${JSON.stringify(message)}\n`);
  }

  sendRaw(text: string): void {
    this.response.write(text);
  }

  close(): void {
    this.response.end();
  }

  /** The newest mark that the proxy says is in force. */
  get enforced(): PolicyMark | undefined {
    return this.said
      .map((message) =>
        'enforced' in message ? message.enforced : 'hello' in message ? message.hello.enforced : undefined,
      )
      .findLast((mark) => mark !== undefined);
  }

  get refusals() {
    return this.said.flatMap((message) => ('refused' in message ? [message.refused] : []));
  }

  get audits() {
    return this.said.flatMap((message) => ('audit' in message ? [message.audit] : []));
  }

  private async listen(request: IncomingMessage): Promise<void> {
    try {
      for await (const line of linesOf(request, 64 * 1024)) this.said.push(upMessage.parse(JSON.parse(line)));
    } catch {
      // The proxy went away.
    }
  }
}

export interface FakeDistributorOptions {
  readonly authority: KeyPair;
  readonly serverName?: string;
  readonly host?: string;
  readonly port?: number;
  /** Of its certificate. @default an hour from now */
  readonly lifetime?: Lifetime;
}

export class FakeDistributor {
  readonly streams: ProxyStream[] = [];
  readonly port: number;
  /** A status other than 200 for whoever comes. */
  refusal: { readonly status: number; readonly text: string } | undefined;
  /** Called for each stream that was accepted. */
  onStream: (stream: ProxyStream) => void = () => undefined;
  private readonly server: https.Server;

  private constructor(server: https.Server, port: number) {
    this.server = server;
    this.port = port;
    server.on('request', (request: IncomingMessage, response: ServerResponse) =>
      this.serve(request, response),
    );
  }

  static async start(options: FakeDistributorOptions): Promise<FakeDistributor> {
    const { authority, serverName = SERVER_NAME, host = '127.0.0.1', port = 0 } = options;
    const life = options.lifetime ?? lifetime();
    const { certificate: cert, key } = await issueServing(authority, [serverName], life);
    const server = https.createServer({ cert, key, minVersion: 'TLSv1.3', requestTimeout: 0 });
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, resolve);
    });
    const address = server.address();
    return new FakeDistributor(server, typeof address === 'object' && address !== null ? address.port : 0);
  }

  get url(): string {
    return `https://127.0.0.1:${this.port}`;
  }

  /** The newest stream that is open. */
  get stream(): ProxyStream {
    const open = this.streams.findLast(({ isOpen }) => isOpen);
    if (open === undefined) throw new Error('no proxy is connected');
    return open;
  }

  /** Shows another certificate from now on. */
  async renew(authority: KeyPair): Promise<void> {
    const { certificate: cert, key } = await issueServing(authority, [SERVER_NAME], lifetime());
    this.server.setSecureContext({ cert, key, minVersion: 'TLSv1.3' });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private serve(request: IncomingMessage, response: ServerResponse): void {
    if (request.method !== 'POST' || request.url !== '/policy') {
      response.writeHead(404).end();
      return;
    }
    if (this.refusal !== undefined) {
      request.resume();
      response.writeHead(this.refusal.status).end(this.refusal.text);
      return;
    }
    const stream = new ProxyStream(request, response);
    this.streams.push(stream);
    this.onStream(stream);
  }
}

function isTls(socket: unknown): socket is TLSSocket {
  return typeof socket === 'object' && socket !== null && 'servername' in socket;
}

export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('what was waited for did not happen');
    await delay(10);
  }
}
