// What a test node asks of a machine, and how it finds its place there. That one comes up is tested in test/e2e.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { addressesOf, SLOTS } from '#scripts/node/addresses.ts';
import { hierarchiesOf } from '#scripts/node/control-groups.ts';
import { identityOf, lives } from '#scripts/node/process-identity.ts';
import { checkRequirements, type Machine } from '#scripts/node/requirements.ts';
import { takeSlot, type Slot } from '#scripts/node/slot.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';

describe('a machine', () => {
  const machine: Machine = { platform: 'linux', isRoot: true, path: '/nowhere' };

  it.each([
    ['that is no Linux', { platform: 'darwin' } as const, 'not_linux', /needs Linux.*--context NAME/],
    ['without root', { isRoot: false }, 'not_root', /sudo.*--context NAME/],
    [
      'without programs',
      {},
      'programs_missing',
      /needs containerd, .*ip.*: apt-get install .*containerd runc/,
    ],
  ])('%s is told so, and what to do', async (_name, part, code, message) => {
    const checking = checkRequirements({ ...machine, ...part });
    await expect(checking).rejects.toMatchObject({ name: 'NodeError', code });
    await expect(checking).rejects.toThrow(message);
  });
});

describe('a slot', () => {
  let folder: TemporaryFolder;
  let said: string[];
  let cleaned: Slot[];
  const take = () =>
    takeSlot(
      folder.path,
      (line) => said.push(line),
      (slot) => Promise.resolve(void cleaned.push(slot)),
    );

  beforeEach(() => {
    folder = temporaryFolder();
    said = [];
    cleaned = [];
  });
  afterEach(() => folder.remove());

  it('is the first that nobody has, and has addresses that no other has', async () => {
    const taken = [await take(), await take()];
    expect(taken.map(({ addresses }) => addresses.slot)).toEqual([0, 1]);
    expect(said).toEqual([
      `a node of process ${process.pid} runs already; this one gets addresses of its own`,
    ]);
    const all = Array.from({ length: SLOTS }, (_, slot) => [
      ...new Set(Object.values(addressesOf(slot)).map(String)),
    ]).flat();
    const shared = new Set(all.filter((each, index) => all.indexOf(each) !== index));
    expect([...shared]).toEqual([String(addressesOf(0).apiPort)]);
  });

  it('of a process that is gone is cleaned first', async () => {
    const left = path.join(folder.path, '0');
    mkdirSync(left);
    writeFileSync(path.join(left, 'owner.json'), JSON.stringify({ pid: process.pid, startedAt: '1' }));
    expect((await take()).addresses.slot).toBe(0);
    expect(said).toEqual([`removing what an earlier run left in ${left}`]);
    expect(cleaned).toEqual([{ addresses: addressesOf(0), folder: left }]);
    expect(readFileSync(path.join(left, 'owner.json'), 'utf8')).toBe(JSON.stringify(identityOf(process.pid)));
  });

  it('is refused when all are taken', async () => {
    for (let index = 0; index < SLOTS; index += 1) await take();
    await expect(take()).rejects.toMatchObject({ code: 'no_slot' });
  });
});

describe('a process', () => {
  it('is another one where only its id is the same', () => {
    const own = identityOf(process.pid);
    expect(own !== undefined && lives(own)).toBe(true);
    expect(lives({ pid: process.pid, startedAt: '1' })).toBe(false);
    expect(identityOf(2 ** 22 + 1)).toBeUndefined();
  });
});

describe('hierarchies of control groups', () => {
  it('are one for each controller, each mounted with its options', () => {
    const mountinfo = [
      '25 24 0:21 / /sys/fs/cgroup ro,nosuid shared:8 - tmpfs tmpfs ro,mode=755',
      '26 25 0:22 / /sys/fs/cgroup/unified rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate',
      '27 25 0:23 / /sys/fs/cgroup/systemd rw shared:10 - cgroup cgroup rw,xattr,name=systemd',
      '30 25 0:26 / /sys/fs/cgroup/cpu,cpuacct rw shared:14 - cgroup cgroup rw,cpu,cpuacct',
    ];
    expect(hierarchiesOf(mountinfo.join('\n'))).toEqual([
      { at: '/sys/fs/cgroup/unified', type: 'cgroup2', options: '' },
      { at: '/sys/fs/cgroup/systemd', type: 'cgroup', options: 'none,name=systemd' },
      { at: '/sys/fs/cgroup/cpu,cpuacct', type: 'cgroup', options: 'cpu,cpuacct' },
    ]);
  });

  it('are one for all of them', () => {
    const line = '29 22 0:25 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup rw,nsdelegate\n';
    expect(hierarchiesOf(line)).toEqual([{ at: '/sys/fs/cgroup', type: 'cgroup2', options: '' }]);
  });
});
