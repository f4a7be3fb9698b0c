// As many requests as a candidate can take: wrk with keep-alive connections, each sending the next request when the
// answer to the last one is there. It measures throughput; for latency see open-loop.
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Engine } from '#scripts/engines/packaged-engine.ts';
import { cores } from '../proc/processes.ts';
import type { LoadRequest } from './request.ts';

const run = promisify(execFile);

const summary = z.object({
  requests: z.number(),
  durationUs: z.number(),
  p50Us: z.number(),
  p99Us: z.number(),
  badStatus: z.number(),
  socketErrors: z.number(),
});

export interface Throughput {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 2xx or 3xx, and connections that broke. A run with any is no measurement. */
  readonly failures: number;
}

/** Lua has no JSON; a quoted string of JSON is one of Lua too, but for the escapes `\/` and `\u`. */
function luaString(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}

/** The script that rotates through the requests and prints a summary that programs can read. */
export function wrkScript(requests: readonly LoadRequest[]): string {
  const entries = requests.map(({ headers, body }) => {
    const fields = Object.entries(headers).map(([name, value]) => `[${luaString(name)}]=${luaString(value)}`);
    return `  wrk.format("POST", nil, {${fields.join(',')}}, ${luaString(body)}),`;
  });
  return `local requests
local at = 0
function init()
  requests = {
${entries.join('\n')}
  }
end
function request()
  at = at % #requests + 1
  return requests[at]
end
function done(summary, latency)
  local e = summary.errors
  print(string.format('{"requests":%d,"durationUs":%d,"p50Us":%d,"p99Us":%d,"badStatus":%d,"socketErrors":%d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.status, e.connect + e.read + e.write + e.timeout))
end
`;
}

export function readSummary(output: string): Throughput {
  const line = output.split('\n').find((each) => each.startsWith('{'));
  if (line === undefined) throw new Error(`wrk printed no summary:\n${output.trim()}`);
  const read = summary.parse(JSON.parse(line));
  return {
    requests: read.requests,
    requestsPerSecond: read.requests / (read.durationUs / 1e6),
    p50Ms: read.p50Us / 1_000,
    p99Ms: read.p99Us / 1_000,
    failures: read.badStatus + read.socketErrors,
  };
}

export interface WrkLoadOptions {
  /** Where its script is written. */
  readonly folder: string;
  /** Of the script; another one for each set of requests. */
  readonly name: string;
  readonly connections: number;
}

/** Writes the script once and returns what runs it against a URL for some seconds. */
export async function wrkLoad(
  wrk: Engine,
  requests: readonly LoadRequest[],
  { folder, name, connections }: WrkLoadOptions,
): Promise<(url: string, seconds: number, signal: AbortSignal) => Promise<Throughput>> {
  const script = path.join(folder, `${name}.lua`);
  await writeFile(script, wrkScript(requests));
  return async (url, seconds, signal) => {
    const how = [
      '--threads',
      '1',
      '--connections',
      String(connections),
      '--duration',
      `${seconds}s`,
      '--script',
      script,
      url,
    ];
    const { stdout } = await run('taskset', ['--cpu-list', String(cores.rest), wrk.path, ...how], {
      env: { ...process.env, ...wrk.env },
      signal,
    });
    return readSummary(stdout);
  };
}
