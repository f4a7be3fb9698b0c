// The file systems that the programs of a node see: mostly those of the machine, with folders of the node's own where
// they would write, and with values of their own where they would change what belongs to the whole machine.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { readHierarchies } from '../control-groups.ts';

const mount = (...args: readonly string[]) => execFileSync('mount', [...args], { stdio: 'pipe' });

/** A kubelet insists on these. They count for the whole machine, and it writes only where it reads another value. */
const KERNEL_VALUES = {
  'vm/overcommit_memory': '1',
  'vm/panic_on_oom': '0',
  'kernel/panic': '10',
  'kernel/panic_on_oops': '1',
} as const;

/** @param folder of the node, on the machine's disk */
export function prepareMounts(folder: string): void {
  mount('--make-rprivate', '/');
  for (const place of ['/var/lib', '/var/log']) {
    const own = path.join(folder, place);
    mkdirSync(own, { recursive: true });
    mount('--bind', own, place);
  }
  mount('-t', 'tmpfs', 'tmpfs', '/run');
  mkdirSync('/run/lock');
  for (const [name, value] of Object.entries(KERNEL_VALUES)) {
    const file = `/run/${name.replace('/', '-')}`;
    writeFileSync(file, `${value}\n`);
    mount('--bind', file, path.join('/proc/sys', name));
  }
  writeFileSync('/run/resolv.conf', '');
  mount('--bind', '/run/resolv.conf', '/etc/resolv.conf');
  prepareControlGroups();
  // Volumes that are mounted later have to be seen by containers that run already.
  mount('--make-rshared', '/');
}

/** Shows each hierarchy from this box's group on, as if that were all of it. */
function prepareControlGroups(): void {
  for (const { at, type, options } of readHierarchies()) {
    execFileSync('umount', [at], { stdio: 'pipe' });
    mount('-t', type, ...(options === '' ? [] : ['-o', options]), type, at);
    if (type === 'cgroup2' && existsSync(path.join(at, 'cgroup.controllers'))) handDown(at);
  }
}

/** With one hierarchy for all, a group that limits others can't have processes itself: these move into a leaf. */
function handDown(root: string): void {
  const controllers = readFileSync(path.join(root, 'cgroup.controllers'), 'utf8').trim();
  if (controllers === '') return;
  const leaf = path.join(root, 'box');
  mkdirSync(leaf, { recursive: true });
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    writeFileSync(path.join(leaf, 'cgroup.procs'), pid);
  const all = controllers.split(' ').map((each) => `+${each}`);
  writeFileSync(path.join(root, 'cgroup.subtree_control'), all.join(' '));
}
