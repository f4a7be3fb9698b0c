// The proxy's end of the policy stream, against real TLS servers.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { POLICY_FEATURES, POLICY_SCHEMA } from '#policy/document.ts';
import { systemClock } from '#runtime/process/clock.ts';
import type { Log } from '#runtime/process/log.ts';
import type { KeyPair } from '#runtime/operator/trust/certificates.ts';
import { PolicySource } from '#runtime/proxy/policy/policy-source.ts';
import type { AuditState } from '#runtime/proxy/policy/policy-stream.ts';
import { PolicyStreams, type PolicyStreamsOptions } from '#runtime/proxy/policy/policy-streams.ts';
import {
  FakeDistributor,
  IdentityFolder,
  SERVER_NAME,
  eventually,
  markOf,
  testAuthority,
  testToken,
} from '../harness/distributor.ts';
import { policyDocument } from '../harness/policy.ts';

let authority: KeyPair;
beforeAll(async () => {
  authority = await testAuthority();
});

let identity: IdentityFolder;
let state: string;
let warnings: string[];
const ended: (() => Promise<unknown>)[] = [];

beforeEach(() => {
  identity = new IdentityFolder().write({ ca: authority.certificate, token: testToken('first') });
  state = mkdtempSync(path.join(os.tmpdir(), 'streams-'));
  warnings = [];
});

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
  identity.remove();
  rmSync(state, { recursive: true, force: true });
});

const distributor = async (host = '127.0.0.1', port = 0): Promise<FakeDistributor> => {
  const started = await FakeDistributor.start({ authority, host, port });
  ended.push(() => started.close());
  return started;
};

function proxy(port: number, options: Partial<PolicyStreamsOptions> = {}) {
  const note = (): void => undefined;
  const log: Log = {
    debug: note,
    info: note,
    warn: (fields, message) => void warnings.push(`${message} ${JSON.stringify(fields)}`),
    error: (fields, message) => void warnings.push(`${message} ${JSON.stringify(fields)}`),
  };
  const clock = systemClock;
  const keptFile = path.join(state, 'policy.json');
  const policy = new PolicySource({ file: path.join(state, 'none'), keptFile, streamed: true, clock, log });
  const audit: { state: AuditState } = { state: { deliveredAtMs: undefined, delayed: false } };
  const streams = new PolicyStreams({
    url: new URL(`https://127.0.0.1:${port}`),
    serverName: SERVER_NAME,
    identityFolder: identity.folder,
    policy,
    audit: () => audit.state,
    clock,
    log,
    lookupMs: 600,
    backoff: { firstMs: 20, maxMs: 100 },
    ...options,
  });
  ended.push(() => streams.stop());
  streams.start();
  return { policy, streams, audit };
}

const connected = (server: FakeDistributor) => () => server.streams.some(({ isOpen }) => isOpen);
const v = (version: number) =>
  policyDocument({ policy: { ...policyDocument().policy, version: `v${version}` } }, version);

describe('a policy stream', () => {
  it('says who it is and what it knows, takes a document, and says that it is in force', async () => {
    const server = await distributor();
    const { policy, streams } = proxy(server.port);
    await eventually(() => (server.streams[0]?.said.length ?? 0) > 0);
    expect(server.stream.token).toBe(`Bearer ${testToken('first')}`);
    expect(server.stream.serverName).toBe(SERVER_NAME);
    expect(server.stream.said[0]).toEqual({
      hello: { schemas: [POLICY_SCHEMA], features: [...POLICY_FEATURES] },
    });
    server.stream.send({ document: v(1) });
    await eventually(() => server.stream.enforced !== undefined);
    expect(server.stream.enforced).toEqual(markOf(v(1)));
    expect(policy.current?.document).toEqual(v(1));
    expect(policy.origin).toBe('stream');
    expect(streams.state).toEqual({ known: 1, connected: 1, lastError: undefined });
  });

  it('refuses an older document with the caches in which it is behind, and a broken one with why', async () => {
    const server = await distributor();
    const { policy } = proxy(server.port);
    await eventually(connected(server));
    server.stream.send({ document: v(5) });
    const mixed = { ...v(6), inputs: { servers: '6', grants: '4', sessions: '6', tombstones: '3' } };
    server.stream.send({ document: mixed }, { document: { ...v(7), tools: [] } }, { document: v(4) });
    await eventually(() => server.stream.refusals.length === 3);
    expect(server.stream.refusals).toEqual([
      {
        revision: v(6).revision,
        message: expect.stringContaining('older view'),
        behind: ['grants', 'tombstones'],
      },
      { revision: v(7).revision, message: expect.stringContaining('the content is') },
      expect.objectContaining({ revision: v(4).revision }),
    ]);
    expect(policy.current?.document.revision).toBe(v(5).revision);
    // That another one was faster is no failure; that a document is broken is.
    expect(policy.reloads).toEqual({ succeeded: 1, failed: 1 });
  });

  it('takes a newer view of the same policy as its place in the order, without a swap', async () => {
    const server = await distributor();
    const { policy } = proxy(server.port);
    await eventually(connected(server));
    server.stream.send({ document: v(1) }, { current: { ...markOf(v(1)), inputs: v(9).inputs } });
    server.stream.send({ document: v(5) });
    await eventually(() => server.stream.refusals.length === 1);
    expect(policy.current?.document).toMatchObject({ revision: v(1).revision, inputs: v(9).inputs });
    expect(policy.reloads.succeeded).toBe(1);
  });

  it('is confirmed by what is current, and says what is in force where that is something else', async () => {
    const server = await distributor();
    const { policy } = proxy(server.port);
    await eventually(connected(server));
    server.stream.send({ document: v(1) });
    await eventually(() => server.stream.enforced !== undefined);
    const { confirmedMs } = policy;
    await delay(20);
    server.stream.send({ current: markOf(v(2)) });
    await eventually(() => server.stream.said.filter((message) => 'enforced' in message).length === 2);
    expect(server.stream.enforced).toEqual(markOf(v(1)));
    expect(policy.confirmedMs).toBe(confirmedMs);
    server.stream.send({ current: markOf(v(1)) });
    await eventually(() => policy.confirmedMs > confirmedMs);
  });

  it('ignores what a newer distributor may say, and starts again after what is no JSON', async () => {
    const server = await distributor();
    const { policy } = proxy(server.port);
    await eventually(connected(server));
    server.stream.sendRaw('{"somethingNew":{"of":"later"}}\n\n');
    server.stream.send({ document: v(1) });
    await eventually(() => policy.current !== undefined);
    expect(server.streams).toHaveLength(1);
    server.stream.sendRaw('{"document":\n');
    await eventually(() => server.streams.length === 2 && server.stream.said.length > 0);
    expect(server.stream.said[0]).toMatchObject({ hello: { enforced: markOf(v(1)) } });
    expect(warnings.join()).toContain('not JSON');
  });

  it('says how audit goes: at once when it turns, else at every beat', async () => {
    const server = await distributor();
    const { audit } = proxy(server.port, { beatMs: 150 });
    server.onStream = (stream) => {
      const timer = setInterval(() => stream.sendRaw('\n'), 50);
      ended.push(async () => {
        await Promise.resolve();
        clearInterval(timer);
      });
    };
    await eventually(() => (server.streams[0]?.audits.length ?? 0) >= 3);
    expect(server.stream.audits[0]).toEqual({ delayed: false });
    audit.state = { deliveredAtMs: Date.parse('2026-01-02T03:04:05.678Z'), delayed: true };
    await eventually(() => server.stream.audits.at(-1)?.delayed === true);
    expect(server.stream.audits.at(-1)).toEqual({ deliveredAt: '2026-01-02T03:04:05.678Z', delayed: true });
    expect(server.streams).toHaveLength(1);
  });
});

describe('a policy stream that ends', () => {
  it.each(['token_expired', 'draining'] as const)(
    'for %s is opened again, with the token of then',
    async (reason) => {
      const server = await distributor();
      proxy(server.port);
      await eventually(connected(server));
      identity.write({ token: testToken('second') });
      server.stream.send({ end: { reason, message: 'as agreed' } });
      await eventually(() => server.streams.length === 2);
      expect(server.stream.token).toBe(`Bearer ${testToken('second')}`);
      expect(warnings).toEqual([]);
    },
  );

  it('by silence is opened again', async () => {
    const server = await distributor();
    proxy(server.port, { beatMs: 100 });
    await eventually(() => server.streams.length >= 3);
    expect(warnings.join()).toContain('nothing came for 300 ms');
    expect(server.streams.filter(({ isOpen }) => isOpen).length).toBeLessThanOrEqual(1);
  });

  it('is opened again before its token ends, with the one that is there by then', async () => {
    const server = await distributor();
    identity.write({ token: testToken('short', Date.now() + 7_000) });
    proxy(server.port);
    await eventually(connected(server));
    identity.write({ token: testToken('next') });
    await eventually(() => server.streams.length === 2);
    expect(server.stream.token).toBe(`Bearer ${testToken('next')}`);
    await eventually(() => server.streams[0]?.isOpen === false);
    expect(warnings).toEqual([]);
  });

  it('because the distributor knows it not, tells the reason once and tries on', async () => {
    const server = await distributor();
    server.refusal = { status: 403, text: '{"reason":"server_gone"}' };
    const { streams } = proxy(server.port);
    await eventually(() => warnings.length > 0);
    await delay(300);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain('answered 403');
    expect(streams.state).toMatchObject({
      known: 1,
      connected: 0,
      lastError: expect.stringContaining('server_gone'),
    });
    server.refusal = undefined;
    await eventually(() => streams.state.connected === 1);
    expect(streams.state.lastError).toBeUndefined();
  });
});

describe('who a proxy talks to', () => {
  it('is nobody before the CA and the token are there, which it says once', async () => {
    const server = await distributor();
    rmSync(path.join(identity.folder, 'ca.crt'));
    proxy(server.port);
    await delay(300);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(
      `${identity.folder}/ca.crt can't be read; it comes from the ConfigMap mcp-runtime-ca`,
    );
    identity.write({ ca: authority.certificate });
    await eventually(connected(server));
  });

  it('is nobody with a certificate of another authority, until that is trusted', async () => {
    const server = await distributor();
    const other = await testAuthority();
    await server.renew(other);
    proxy(server.port);
    await eventually(() => warnings.length > 0);
    expect(server.streams).toEqual([]);
    identity.write({ ca: `${authority.certificate}${other.certificate}` });
    await eventually(connected(server));
  });

  it('is nobody with another name in its certificate', async () => {
    const server = await distributor();
    proxy(server.port, { serverName: 'somebody.else.svc' });
    await eventually(() => warnings.length > 0);
    expect(warnings.join()).toContain('somebody.else.svc');
    expect(server.streams).toEqual([]);
  });

  it('is every address of the name, and a new one as soon as it is looked up', async () => {
    const first = await distributor();
    const addresses = [{ address: '127.0.0.1', family: 4 }];
    const { streams, policy } = proxy(first.port, { resolve: () => Promise.resolve([...addresses]) });
    await eventually(connected(first));
    first.stream.send({ document: v(1) });
    const second = await distributor('127.0.0.2', first.port);
    addresses.push({ address: '127.0.0.2', family: 4 }, { address: '::1', family: 6 });
    await eventually(connected(second));
    await eventually(() => streams.state.connected === 2);
    expect(streams.state.known).toBe(2);
    expect(second.stream.enforced).toEqual(markOf(v(1)));
    second.stream.send({ document: v(2) });
    await eventually(() => first.stream.enforced?.revision === v(2).revision);
    first.stream.send({ document: v(1) });
    await eventually(() => first.stream.refusals.length === 1);
    expect(policy.current?.document.revision).toBe(v(2).revision);
    // One goes for good: the other goes on, and the proxy forgets it with its address.
    addresses.shift();
    await first.close();
    await eventually(() => streams.state.known === 1 && streams.state.lastError === undefined);
    second.stream.send({ document: v(3) });
    await eventually(() => policy.current?.document.revision === v(3).revision);
  });

  it('is who it was while the name can not be looked up', async () => {
    const server = await distributor();
    let isAway = false;
    const { streams } = proxy(server.port, {
      resolve: () =>
        isAway
          ? Promise.reject(new Error('queryA ESERVFAIL'))
          : Promise.resolve([{ address: '127.0.0.1', family: 4 }]),
    });
    await eventually(connected(server));
    isAway = true;
    await eventually(() => streams.state.lastError?.includes('ESERVFAIL') === true);
    server.stream.close();
    await eventually(() => server.streams.length === 2 && streams.state.connected === 1);
    expect(streams.state.known).toBe(1);
  });
});
