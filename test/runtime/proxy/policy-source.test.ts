import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdir, rm, symlink, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { renderPolicy } from '#policy/document.ts';
import { policyContent, policyDocument } from './harness/policy.ts';
import { World } from './harness/world.ts';

let world: World;
afterEach(() => world.close());

const status = async () =>
  z
    .object({ ready: z.boolean(), revision: z.string().optional(), last_reload_error: z.string().nullable() })
    .parse(JSON.parse((await world.page('/config/status')).text));

const denyReading = {
  deniedToAll: [{ tool: 'read_note', grant: { namespace: 'team-a', name: 'no' } }],
};

describe('a proxy without a policy', () => {
  it.each<[string, string | undefined]>([
    ['no file', undefined],
    ['a malformed file', '{"schema":'],
    ['an unknown schema', JSON.stringify({ ...policyDocument(), schema: 'v9' })],
    ['a changed file', renderPolicy(policyDocument()).replace('"user-2"', '"user-9"')],
  ])('is not ready with %s, serves nobody, and starts to when one comes', async (_what, policyText) => {
    world = await World.start({ policyText });
    expect(await world.page('/ready')).toMatchObject({
      status: 503,
      text: expect.stringContaining('policy_not_loaded'),
    });
    expect((await world.page('/health')).status).toBe(200);
    expect(await world.call('read_note')).toMatchObject({
      status: 503,
      headers: { 'retry-after': '1' },
      json: { error: { data: { reason: 'policy_unavailable' } } },
    });
    expect((await status()).last_reload_error).not.toBeNull();
    await world.setPolicy({});
    expect((await world.page('/ready')).status).toBe(200);
    expect((await world.call('read_note')).json.result).toBeDefined();
  });
});

describe('a policy file that changes', () => {
  it('is in force without a restart', async () => {
    world = await World.start();
    expect((await world.call('read_note')).json.result).toBeDefined();
    await world.setPolicy(denyReading);
    expect((await world.call('read_note')).json.error?.data?.reason).toBe('tool_denied');
  });

  it('to something malformed changes nothing but what is told, with path and remedy', async () => {
    world = await World.start();
    const before = await status();
    await world.writePolicy('{');
    await world.until(async () => (await status()).last_reload_error !== null);
    expect(await status()).toMatchObject({ ready: true, revision: before.revision });
    expect((await world.call('read_note')).json.result).toBeDefined();
    const line = world.logLines.find((text) => text.includes("can't be used"));
    expect(line).toContain('policy.json');
    expect(line).toContain('POLICY_FILE');
    expect((await world.page('/metrics')).text).toMatch(/policy_reloads_total\{result="error"[^}]*\} 1/);
    await world.setPolicy(denyReading);
    expect((await status()).last_reload_error).toBeNull();
  });

  it('to an older one is refused', async () => {
    world = await World.start();
    await world.setPolicy(denyReading);
    await world.writePolicy(renderPolicy(policyDocument({}, 1)));
    await world.until(async () => (await status()).last_reload_error !== null);
    expect((await status()).last_reload_error).toContain('older view');
    expect((await world.call('read_note')).json.error?.data?.reason).toBe('tool_denied');
  });

  it('by the swap of a link, as a ConfigMap changes, is seen', async () => {
    world = await World.start({ policyText: undefined });
    const at = (...names: string[]) => path.join(world.folder, ...names);
    const publish = async (name: string, text: string): Promise<void> => {
      await mkdir(at(name));
      await writeFile(at(name, 'policy.json'), text);
      await symlink(name, at('..data_tmp'));
      await rename(at('..data_tmp'), at('..data'));
    };
    await publish('..v1', renderPolicy(policyDocument({}, 1)));
    await symlink('..data/policy.json', at('policy.json'));
    await world.until(async () => (await status()).ready);
    await publish('..v2', renderPolicy(policyDocument(denyReading, 2)));
    await rm(at('..v1'), { recursive: true });
    await world.until(async () => (await world.call('read_note')).json.error?.data?.reason === 'tool_denied');
  });

  it('is too old to be trusted once nobody confirms it for longer than it allows', async () => {
    let monotonicMs = 0;
    world = await World.start({
      clock: { nowMs: () => Date.now(), monotonicMs: () => monotonicMs },
      policy: { policy: { ...policyContent().policy, maxStalenessSeconds: 60 } },
    });
    monotonicMs += 61_000;
    await world.until(async () => (await world.call('read_note')).json.result !== undefined);
    await rm(path.join(world.folder, 'policy.json'));
    await world.until(async () => (await status()).last_reload_error !== null);
    monotonicMs += 61_000;
    expect(await world.call('read_note')).toMatchObject({
      status: 503,
      json: { error: { data: { reason: 'policy_stale' } } },
    });
  });
});

describe('a proxy that starts again', () => {
  it('begins with the last policy it accepted, and refuses an older file', async () => {
    world = await World.start({ policyText: undefined });
    const kept = path.join(world.folder, 'kept');
    await mkdir(kept);
    await writeFile(path.join(kept, 'policy.json'), renderPolicy(policyDocument(denyReading, 5)));
    const policyText = renderPolicy(policyDocument({}, 4));
    const second = await World.start({ policyText, env: { STATE_DIR: kept } });
    try {
      expect((await second.call('read_note')).json.error?.data?.reason).toBe('tool_denied');
      expect((await second.page('/config/status')).text).toContain('older view');
    } finally {
      await second.close();
    }
  });
});
