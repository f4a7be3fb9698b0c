// One control group in every hierarchy of the machine, which a node's processes live under: what a kubelet and a
// container runtime make, they make there, and all of it can be found and removed when they are gone. Both layouts are
// known: a hierarchy for each controller (v1), and one for all (v2).
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface Hierarchy {
  /** Where it is mounted. */
  readonly at: string;
  readonly type: 'cgroup' | 'cgroup2';
  /** What `mount -o` has to be told for the same hierarchy; empty for v2. */
  readonly options: string;
}

/** Hierarchies of the machine, from the text of `/proc/self/mountinfo`. */
export function hierarchiesOf(mountinfo: string): readonly Hierarchy[] {
  return mountinfo.split('\n').flatMap((line): readonly Hierarchy[] => {
    const [before = '', after = ''] = line.split(' - ');
    const [type = '', , superOptions = ''] = after.split(' ');
    const at = before.split(' ')[4] ?? '';
    if (type === 'cgroup2') return [{ at, type, options: '' }];
    if (type !== 'cgroup') return [];
    const options = superOptions.split(',');
    const named = options.find((each) => each.startsWith('name='));
    const controllers = options.filter((each) => CONTROLLERS.includes(each));
    return [{ at, type, options: named === undefined ? controllers.join(',') : `none,${named}` }];
  });
}

const CONTROLLERS: readonly string[] = [
  'blkio',
  'cpu',
  'cpuacct',
  'cpuset',
  'devices',
  'freezer',
  'hugetlb',
  'memory',
  'misc',
  'net_cls',
  'net_prio',
  'perf_event',
  'pids',
  'rdma',
];

export function readHierarchies(): readonly Hierarchy[] {
  return hierarchiesOf(readFileSync('/proc/self/mountinfo', 'utf8'));
}

/** Makes the group everywhere. @returns files that take the id of a process that is to join it */
export function makeControlGroups(name: string): readonly string[] {
  return readHierarchies().map(({ at }) => {
    const group = path.join(at, name);
    mkdirSync(group, { recursive: true });
    // A new set of processors is empty, and nobody can join an empty one.
    for (const file of ['cpuset.mems', 'cpuset.cpus']) {
      const own = path.join(group, file);
      if (existsSync(own) && existsSync(path.join(at, file)) && readFileSync(own, 'utf8').trim() === '')
        writeFileSync(own, readFileSync(path.join(at, file), 'utf8'));
    }
    return path.join(group, 'cgroup.procs');
  });
}

/** Removes the group and all that was made in it. @returns groups that are left, because a process is in them */
export function removeControlGroups(name: string): readonly string[] {
  const groups = readHierarchies().map(({ at }) => path.join(at, name));
  for (const group of groups) removeTree(group);
  return groups.filter((group) => existsSync(group));
}

function removeTree(folder: string): void {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(path.join(folder, entry.name));
  try {
    rmdirSync(folder);
  } catch {
    // In use: whoever asked sees that it is still there.
  }
}
