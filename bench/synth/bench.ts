// How long a platform's program takes to leave by each of its ways, and whether ten times the servers take ten times as long.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { BenchContext } from '../context.ts';
import { measure, median, rounded, type Measure } from '../report.ts';
import type { WayOutName } from './ways-out.ts';

const run = promisify(execFile);
const program = path.join(import.meta.dirname, 'synth-program.ts');
const result = z.object({ seconds: z.number(), objects: z.number() });

/** A server, a grant and a session. */
const objectsPerServer = 3;

/** Ten thousand servers registered with Pulumi, which keeps everything about all of them, are more than Node allows itself. */
const heapMib = 8_192;

async function synthSeconds(way: WayOutName, servers: number, signal: AbortSignal): Promise<number> {
  const node = [`--max-old-space-size=${heapMib}`, '--import', 'tsx', program, way, String(servers)];
  const { stdout } = await run(process.execPath, node, { signal });
  const { seconds, objects } = result.parse(JSON.parse(stdout));
  if (objects !== servers * objectsPerServer) throw new Error(`${servers} servers became ${objects} objects`);
  return seconds;
}

async function benchWay(way: WayOutName, context: BenchContext): Promise<readonly Measure[]> {
  const { rounds, say, signal } = context;
  const hundreds: number[] = [];
  const thousands: number[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    say(`100 and 1 000 servers to ${way}, round ${round} of ${rounds}`);
    hundreds.push(await synthSeconds(way, 100, signal));
    thousands.push(await synthSeconds(way, 1_000, signal));
  }
  say(`10 000 servers to ${way}`);
  const tenThousand = await synthSeconds(way, 10_000, signal);
  const [hundred, thousand] = [median(hundreds), median(thousands)];
  say(`${way}: ${rounded(hundred)} s, ${rounded(thousand)} s and ${rounded(tenThousand)} s`);
  return [
    measure(`synth.${way}_1000_s`, thousand),
    measure(`synth.${way}_10000_s`, tenThousand),
    measure(`synth.${way}_growth`, tenThousand / thousand),
  ];
}

export async function benchSynth(context: BenchContext): Promise<readonly Measure[]> {
  const measures: Measure[] = [];
  for (const way of ['yaml', 'gitops', 'pulumi'] as const) measures.push(...(await benchWay(way, context)));
  return measures;
}
