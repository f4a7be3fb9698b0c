// The forms that a policy takes in a ConfigMap, each followed by each, as the folder of a pod shows them.
import { afterEach, describe, expect, it } from '@jest/globals';
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { renderPolicy, type PolicyDocument } from '#policy/document.ts';
import { stubOf } from '#policy/policy-file.ts';
import { policyDocument } from './harness/policy.ts';
import { World } from './harness/world.ts';

let world: World;
afterEach(() => world.close());

const denyReading = {
  deniedToAll: [{ tool: 'read_note', grant: { namespace: 'team-a', name: 'no' } }],
};

const at = (...names: string[]) => path.join(world.folder, ...names);
const plain = (document: PolicyDocument) => ['policy.json', renderPolicy(document)] as const;
const compressed = (document: PolicyDocument) =>
  ['policy.json.gz', gzipSync(renderPolicy(document))] as const;

let versions = 0;

/** Puts one file in place of whatever was there, as the kubelet does: link, swap, and then what is left over goes. */
async function publish([name, content]: readonly [string, string | Buffer]): Promise<void> {
  versions += 1;
  const folder = `..v${versions}`;
  await mkdir(at(folder));
  await writeFile(at(folder, name), content);
  await symlink(folder, at('..data_tmp'));
  await rename(at('..data_tmp'), at('..data'));
  await rm(at(name), { force: true });
  await symlink(`..data/${name}`, at(name));
  for (const key of ['policy.json', 'policy.json.gz']) if (key !== name) await rm(at(key), { force: true });
}

const reason = async () => (await world.call('read_note')).json.error?.data?.reason;
const inForce = (document: PolicyDocument) => async () =>
  (await world.page('/config/status')).text.includes(document.revision);

describe('a proxy', () => {
  it('starts with a compressed policy where there is no other', async () => {
    world = await World.start({ policyText: undefined });
    await publish(compressed(policyDocument(denyReading, 1)));
    await world.until(async () => (await reason()) === 'tool_denied');
  });

  it('follows from plain to compressed and back', async () => {
    world = await World.start();
    await publish(plain(policyDocument({}, 2)));
    expect(await reason()).toBeUndefined();
    await publish(compressed(policyDocument(denyReading, 3)));
    await world.until(async () => (await reason()) === 'tool_denied');
    await publish(compressed(policyDocument({}, 4)));
    await world.until(async () => (await reason()) === undefined);
    await publish(plain(policyDocument(denyReading, 5)));
    await world.until(async () => (await reason()) === 'tool_denied');
  });

  it('keeps the last good policy while what is compressed is damaged', async () => {
    world = await World.start({ policyText: renderPolicy(policyDocument(denyReading, 1)) });
    await publish(['policy.json.gz', Buffer.from('damaged')]);
    await world.until(async () =>
      (await world.page('/config/status')).text.includes('incorrect header check'),
    );
    expect(await reason()).toBe('tool_denied');
  });

  it('denies everything under a stub, and says which revision it has to get', async () => {
    world = await World.start();
    const tooLarge = policyDocument(denyReading, 2);
    await publish(plain(stubOf(tooLarge)));
    await world.until(async () => (await reason()) === 'policy_feature_missing');
    await publish(plain(policyDocument({}, 3)));
    await world.until(async () => (await reason()) === undefined);
  });

  it('keeps what it enforces where the stub stands for that, and trusts it as long as the stub is there', async () => {
    let monotonicMs = 0;
    const document = policyDocument({}, 2);
    world = await World.start({
      policyText: renderPolicy(document),
      clock: { nowMs: () => Date.now(), monotonicMs: () => monotonicMs },
    });
    await world.until(inForce(document));
    await publish(plain(stubOf(document)));
    monotonicMs += document.policy.maxStalenessSeconds * 1000 + 1;
    await world.until(async () => (await reason()) === undefined);
    expect((await world.page('/config/status')).text).toContain(document.revision);
    expect((await world.page('/config/status')).text).toContain('"last_reload_error":null');
  });
});
