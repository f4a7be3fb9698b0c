// What a machine has to have before a node can run on it. Nothing is installed here: what is missing is named, with the
// command that gets it.
import path from 'node:path';
import { programIn } from '../engines/find-engines.ts';
import { NodeError } from './node-error.ts';

/** Programs, each with the Debian package that has it; with a path where it is no program of PATH. */
const PROGRAMS = [
  ['containerd', 'containerd'],
  ['ctr', 'containerd'],
  ['runc', 'runc'],
  ['/usr/lib/cni/bridge', 'containernetworking-plugins'],
  ['/usr/lib/cni/host-local', 'containernetworking-plugins'],
  ['/usr/lib/cni/portmap', 'containernetworking-plugins'],
  ['iptables', 'iptables'],
  ['conntrack', 'conntrack'],
  ['ip', 'iproute2'],
  ['busybox', 'busybox-static'],
  ['unshare', 'util-linux'],
  ['setpriv', 'util-linux'],
  ['nsenter', 'util-linux'],
  ['mount', 'mount'],
] as const;

/** Folders that are missing from the PATH of many users. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/sbin', '/usr/bin', '/bin'];

export interface Machine {
  readonly platform: NodeJS.Platform;
  readonly isRoot: boolean;
  /** Folders of programs, as PATH has them. */
  readonly path: string;
}

export function thisMachine(env: NodeJS.ProcessEnv): Machine {
  return {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    path: systemPath(env['PATH'] ?? ''),
  };
}

/** PATH with the folders in which system programs lie. */
export function systemPath(given: string): string {
  return [...new Set([...given.split(path.delimiter), ...SYSTEM_FOLDERS])].filter(Boolean).join(':');
}

/** @throws NodeError that names everything that is missing */
export async function checkRequirements(machine: Machine): Promise<void> {
  const elsewhere = 'or use a cluster that exists: npm run test:e2e -- --context NAME';
  if (machine.platform !== 'linux')
    throw new NodeError('not_linux', `a node needs Linux, and this is ${machine.platform}; ${elsewhere}`);
  if (!machine.isRoot)
    throw new NodeError(
      'not_root',
      `a node needs root, for its namespaces, mounts and control groups: run it with sudo, ${elsewhere}`,
    );
  const missing: (readonly [string, string])[] = [];
  for (const [program, debian] of PROGRAMS)
    if ((await findProgram(program, machine.path)) === undefined) missing.push([program, debian]);
  if (missing.length === 0) return;
  const names = missing.map(([program]) => program).join(', ');
  const packages = [...new Set(missing.map(([, debian]) => debian))].join(' ');
  throw new NodeError(
    'programs_missing',
    `a node needs ${names}: apt-get install -y --no-install-recommends ${packages}`,
  );
}

/** Path of a program; undefined where there is none. */
export async function findProgram(program: string, searched: string): Promise<string | undefined> {
  for (const folder of path.isAbsolute(program) ? [''] : searched.split(path.delimiter)) {
    const file = await programIn(folder, program);
    if (file !== undefined) return file;
  }
  return undefined;
}
