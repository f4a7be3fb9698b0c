// How long a platform's program takes to become manifests.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { BenchContext } from '../context.ts';
import { measure, median, type Measure } from '../report.ts';

const run = promisify(execFile);
const program = path.join(import.meta.dirname, 'synth-program.ts');
const result = z.object({ seconds: z.number(), objects: z.number() });

/** A server, a grant and a session. */
const objectsPerServer = 3;

async function synthSeconds(servers: number, signal: AbortSignal): Promise<number> {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', program, String(servers)], { signal });
  const { seconds, objects } = result.parse(JSON.parse(stdout));
  if (objects !== servers * objectsPerServer) throw new Error(`${servers} servers became ${objects} objects`);
  return seconds;
}

export async function benchSynth({ rounds, say, signal }: BenchContext): Promise<readonly Measure[]> {
  const thousand: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    say(`1 000 servers to YAML, round ${round} of ${rounds}`);
    thousand.push(await synthSeconds(1_000, signal));
  }
  say('10 000 servers to YAML');
  const tenThousand = await synthSeconds(10_000, signal);
  return [measure('synth.yaml_1000_s', median(thousand)), measure('synth.yaml_10000_s', tenThousand)];
}
