// The proxy as a process of its own, which can be killed.
import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';

const root = path.join(import.meta.dirname, '../../../..');

export interface ProxyProcess {
  readonly process: ChildProcess;
  readonly output: () => string;
  readonly exit: Promise<number | null>;
  /** Resolves when it is gone, without a chance to end in order. */
  readonly kill: () => Promise<unknown>;
}

/** @param flags of Node, in front */
export function startProxyProcess(
  env: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): ProxyProcess {
  const child = spawn(process.execPath, [...flags, '--import', 'tsx', 'runtime/proxy/main.ts'], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exit = new Promise<number | null>((resolve) => child.on('exit', resolve));
  const kill = (): Promise<unknown> => {
    child.kill('SIGKILL');
    return exit;
  };
  return { process: child, output: () => output, exit, kill };
}

/** Its port, once it listens. */
export async function listening(child: ProxyProcess): Promise<number> {
  for (;;) {
    const line = child
      .output()
      .split('\n')
      .find((text) => text.includes('"Listening."'));
    if (line !== undefined) return z.object({ port: z.number() }).parse(JSON.parse(line)).port;
    if (child.process.exitCode !== null) throw new Error(child.output());
    await delay(20);
  }
}
