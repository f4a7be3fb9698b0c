// A whole proxy with distributors: what comes by the stream is enforced, and nothing of it is needed to start.
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { renderPolicy } from '#policy/document.ts';
import { stubOf } from '#policy/policy-file.ts';
import type { KeyPair } from '#runtime/operator/trust/certificates.ts';
import {
  FakeDistributor,
  IdentityFolder,
  SERVER_NAME,
  markOf,
  testAuthority,
  testToken,
} from '../harness/distributor.ts';
import { USER_1, policyContent, policyDocument } from '../harness/policy.ts';
import { World, type WorldOptions } from '../harness/world.ts';

let authority: KeyPair;
beforeAll(async () => {
  authority = await testAuthority();
});

let server: FakeDistributor;
let identity: IdentityFolder;
let world: World;

beforeEach(async () => {
  server = await FakeDistributor.start({ authority });
  identity = new IdentityFolder().write({ ca: authority.certificate, token: testToken('pod') });
});

afterEach(async () => {
  await world.close();
  await server.close();
  identity.remove();
});

async function start(options: WorldOptions = {}): Promise<void> {
  world = await World.start({
    ...options,
    env: {
      POLICY_STREAM_URL: server.url,
      POLICY_STREAM_SERVER_NAME: SERVER_NAME,
      IDENTITY_DIR: identity.folder,
      ...options.env,
    },
  });
}

const denyReading = {
  deniedToAll: [{ tool: 'read_note', grant: { namespace: 'team-a', name: 'no' } }],
};
const reason = async () => (await world.call('read_note')).json.error?.data?.reason;
const connect = () => world.until(() => server.streams.some(({ isOpen }) => isOpen));
const status = async () =>
  z
    .looseObject({
      source: z.string().optional(),
      revision: z.string().optional(),
      confirmed_at: z.string().optional(),
      warning: z.string().optional(),
      last_reload_error: z.string().nullable(),
      distributors: z.object({ known: z.number(), connected: z.number(), last_error: z.string().nullable() }),
    })
    .parse(JSON.parse((await world.page('/config/status')).text));

describe('a proxy with distributors', () => {
  it('enforces what comes by the stream at once, and says so on its pages', async () => {
    await start();
    expect(await reason()).toBeUndefined();
    expect((await status()).source).toBe('file');
    await connect();
    const document = policyDocument(denyReading, 2);
    server.stream.send({ document });
    await world.until(() => server.stream.enforced?.revision === document.revision);
    expect(await reason()).toBe('tool_denied');
    expect(await status()).toMatchObject({
      source: 'stream',
      revision: document.revision,
      last_reload_error: null,
      distributors: { known: 1, connected: 1, last_error: null },
    });
    const { text } = await world.page('/metrics');
    expect(text).toMatch(/mcp_gateway_policy_distributors\{state="connected"[^}]*\} 1/);
    expect(text).toMatch(/mcp_gateway_policy_unconfirmed_seconds\{[^}]*\} 0\./);
  });

  it('gets by the stream what is too large for a ConfigMap, and keeps it when the stub is read again', async () => {
    const document = policyDocument({}, 2);
    await start({ policyText: renderPolicy(stubOf(document)) });
    expect(await reason()).toBe('policy_feature_missing');
    await connect();
    await world.until(() => server.stream.said.length > 0);
    expect(server.stream.said[0]).toMatchObject({ hello: { enforced: markOf(stubOf(document)) } });
    server.stream.send({ document });
    await world.until(async () => (await reason()) === undefined);
    await world.writePolicy(`${renderPolicy(stubOf(document))}\n`);
    const newer = policyDocument(denyReading, 3);
    server.stream.send({ document: newer });
    await world.until(async () => (await reason()) === 'tool_denied');
    // The stub of what was before comes late, as by the kubelet's lag.
    await world.writePolicy(renderPolicy(stubOf(document)));
    server.stream.send({ current: markOf(newer) });
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(await reason()).toBe('tool_denied');
    expect((await status()).last_reload_error).toBeNull();
  });

  it('is ready and serves while no distributor can be reached', async () => {
    await server.close();
    await start();
    expect((await world.page('/ready')).status).toBe(200);
    expect(await reason()).toBeUndefined();
    await world.until(async () => (await status()).distributors.last_error !== null);
    expect(await status()).toMatchObject({ distributors: { known: 1, connected: 0 } });
    expect(world.logLines.filter((line) => line.includes('Policy does not come'))).toHaveLength(1);
    server = await FakeDistributor.start({ authority, port: server.port });
    await connect();
  });

  it('gets its first policy by the stream where there is no file yet', async () => {
    await start({ policyText: undefined });
    expect((await world.page('/ready')).status).toBe(503);
    await connect();
    server.stream.send({ document: policyDocument({}, 1) });
    await world.until(async () => (await world.page('/ready')).status === 200);
  });

  it('goes on with the revocation it knew after a restart within the lag of the ConfigMap', async () => {
    const kept = path.join(identity.folder, 'state');
    const policyText = renderPolicy(policyDocument({}, 1));
    await start({ policyText, env: { STATE_DIR: kept } });
    await connect();
    server.stream.send({ document: policyDocument(denyReading, 2) });
    await world.until(async () => (await reason()) === 'tool_denied');
    await world.close();
    server.refusal = { status: 503, text: 'away' };
    await start({ policyText, env: { STATE_DIR: kept } });
    expect(await reason()).toBe('tool_denied');
    expect(await status()).toMatchObject({ source: 'kept', last_reload_error: null });
  });

  it('says who it is to ingest by its token, and reads that again when it is refused', async () => {
    const tokenFile = path.join(identity.folder, 'ingest-token');
    await writeFile(tokenFile, 'first\n');
    await start({ env: { ANALYTICS_API_KEY: '', ANALYTICS_TOKEN_FILE: tokenFile } });
    await world.call('read_note');
    await world.audit(1);
    expect([...world.ingest.authorizations]).toEqual(['Bearer first']);
    expect([...world.ingest.apiKeys]).toEqual([undefined]);
    await writeFile(tokenFile, 'second\n');
    world.ingest.answer = () => (world.ingest.authorizations.has('Bearer second') ? 202 : 401);
    await world.call('read_note');
    await world.audit(2);
    await connect();
    await world.until(() => server.stream.audits.some(({ deliveredAt }) => deliveredAt !== undefined));
  });
});

describe('a policy that nobody confirms', () => {
  const shortLived = { policy: { ...policyContent().policy, maxStalenessSeconds: 120 } };
  let monotonicMs: number;
  let shiftMs: number;
  const clock = { nowMs: () => Date.now() + shiftMs, monotonicMs: () => monotonicMs + shiftMs };
  beforeEach(() => {
    monotonicMs = 1_000;
    shiftMs = 0;
  });

  it('is warned of after a minute and denied after its own limit, until a distributor confirms it', async () => {
    const document = policyDocument(shortLived, 1);
    await start({ policyText: renderPolicy(document), clock });
    await connect();
    expect((await status()).warning).toBeUndefined();
    shiftMs = 61_000;
    // The file is looked at all the time; that it lies there says nothing.
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect((await status()).warning).toContain('for 61 s; after 120 s every call is denied');
    expect(await reason()).toBeUndefined();
    shiftMs = 121_000;
    expect(await reason()).toBe('policy_stale');
    expect((await status()).warning).toContain('so every call is denied');
    server.stream.send({ current: markOf(document) });
    await world.until(async () => (await reason()) === undefined);
    expect((await status()).warning).toBeUndefined();
  });

  it('is confirmed by a file that is new', async () => {
    await start({ policyText: renderPolicy(policyDocument(shortLived, 1)), clock });
    shiftMs = 121_000;
    expect(await reason()).toBe('policy_stale');
    await world.writePolicy(renderPolicy(policyDocument({ ...shortLived, ...denyReading }, 2)));
    await world.until(async () => (await reason()) === 'tool_denied');
  });

  it('does not become young by a restart', async () => {
    const kept = path.join(identity.folder, 'state');
    const document = policyDocument(shortLived, 1);
    await mkdir(kept);
    await writeFile(path.join(kept, 'policy.json'), renderPolicy(document));
    const longAgo = new Date(Date.now() - 130_000);
    await utimes(path.join(kept, 'policy.json'), longAgo, longAgo);
    await start({ policyText: renderPolicy(document), env: { STATE_DIR: kept } });
    expect(await world.call('read_note', USER_1)).toMatchObject({
      status: 503,
      json: { error: { data: { reason: 'policy_stale' } } },
    });
    await connect();
    server.stream.send({ current: markOf(document) });
    await world.until(async () => (await reason()) === undefined);
  });
});
