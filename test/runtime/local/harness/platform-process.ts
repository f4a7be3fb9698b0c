// The platform as a person runs it: the command, in a process of its own, with what it prints.
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { ControlClient } from '#runtime/local/control-client.ts';
import type { PlatformStatus } from '#runtime/local/platform-status.ts';
import { stateDirAt } from '#runtime/local/state-dir.ts';
import { eventually } from './temporary.ts';

export const root = path.resolve(import.meta.dirname, '../../../..');
const tsx = ['--import', 'tsx'];

export interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs the command to its end. */
export async function runCli(...args: readonly string[]): Promise<Ended> {
  const cli = new CliProcess(args);
  return { code: await cli.ended, output: cli.output };
}

export class CliProcess {
  readonly child: ChildProcess;
  /** Resolves to the exit code; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  output = '';
  /** What of it went to standard output. */
  stdout = '';

  /**
   * @param command what Node runs. @default the command of this clone
   * @param env changes of the environment
   */
  constructor(
    args: readonly string[],
    command = [...tsx, path.join(root, 'cli/main.ts')],
    env: NodeJS.ProcessEnv = {},
  ) {
    this.child = spawn(process.execPath, [...command, ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8');
      stream?.on('data', (text: string) => (this.output += text));
    }
    this.child.stdout?.on('data', (text: string) => (this.stdout += text));
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code) => {
        resolve(code);
      });
    });
  }

  async says(text: string, withinMs = 60_000): Promise<void> {
    const found = await eventually(() => this.output.includes(text), withinMs);
    if (!found) throw new Error(`it never said ${JSON.stringify(text)}, but:\n${this.output}`);
  }

  /** How often it said something. */
  count(text: string): number {
    return this.output.split(text).length - 1;
  }
}

export class PlatformProcess extends CliProcess {
  readonly stateDir: string;

  constructor(program: string, stateDir: string, args: readonly string[] = []) {
    super(['start', program, '--state-dir', stateDir, '--no-open', ...args]);
    this.stateDir = stateDir;
  }

  /** Resolves when the summary is printed. */
  async isUp(): Promise<this> {
    await this.says('Ctrl-C');
    return this;
  }

  status(): Promise<PlatformStatus> {
    return new ControlClient(stateDirAt(this.stateDir)).status();
  }

  async server(name: string) {
    const found = (await this.status()).servers.find((server) => server.name === name);
    if (found === undefined) throw new Error(`there is no server ${name}`);
    return found;
  }

  /** Pids of the platform and of everything it started. */
  async pids(): Promise<readonly number[]> {
    const { pid, sentinel, servers } = await this.status();
    const parts = [sentinel, ...servers.flatMap(({ server, proxy }) => [server, proxy])];
    return [pid, ...childrenOf(pid), ...parts.flatMap((part) => part.pid ?? [])];
  }

  async interrupt(): Promise<number | null> {
    this.child.kill('SIGINT');
    return this.ended;
  }
}

/** Direct children of a process, from /proc. */
export function childrenOf(pid: number): readonly number[] {
  const file = `/proc/${pid}/task/${pid}/children`;
  return z.array(z.coerce.number()).parse(
    readFileSync(file, 'utf8')
      .trim()
      .split(' ')
      .filter((text) => text !== ''),
  );
}
