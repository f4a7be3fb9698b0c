// Finds the platform that runs here, and the server that a command names.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ControlClient } from '#runtime/local/control-client.ts';
import type { PlatformStatus, ServerStatus } from '#runtime/local/platform-status.ts';
import { STATE_DIR_NAME, stateDirAt } from '#runtime/local/state-dir.ts';
import { TroubleError } from '#runtime/local/trouble.ts';

export interface StateDirOption {
  readonly stateDir?: string | undefined;
}

/** The state folder that was named, else the nearest one from here upwards, as Git looks for its own. */
export function findStateDir({ stateDir }: StateDirOption): string {
  if (stateDir !== undefined) return path.resolve(stateDir);
  for (let folder = process.cwd(); ; folder = path.dirname(folder)) {
    const candidate = path.join(folder, STATE_DIR_NAME);
    if (existsSync(candidate)) return candidate;
    if (folder === path.dirname(folder)) return path.resolve(STATE_DIR_NAME);
  }
}

export function connect(options: StateDirOption): ControlClient {
  return new ControlClient(stateDirAt(findStateDir(options)));
}

interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** Finds what a person named, `name` or `namespace/name`. Throws `TroubleError` where that is nothing, or several. */
export function findNamed<T extends Named>(what: 'server' | 'session', name: string, all: readonly T[]): T {
  const key = ({ namespace, name: own }: Named): string => `${namespace}/${own}`;
  const [found, ...others] = all.filter((candidate) =>
    name.includes('/') ? key(candidate) === name : candidate.name === name,
  );
  if (found !== undefined && others.length === 0) return found;
  if (found !== undefined) {
    throw new TroubleError({
      code: `${what}_ambiguous`,
      what: `Several ${what}s are named ${name}.`,
      where: [found, ...others].map(key).join(', '),
      remedy: 'Name one with its namespace: <namespace>/<name>.',
    });
  }
  const known = all.map(key).join(', ');
  throw new TroubleError({
    code: `${what}_unknown`,
    what: `There is no ${what} ${name}.`,
    where: 'the running platform',
    remedy: known === '' ? `The program describes no ${what}.` : `Use one of: ${known}.`,
  });
}

export function findServer(status: PlatformStatus, name: string): ServerStatus {
  return findNamed('server', name, status.servers);
}
