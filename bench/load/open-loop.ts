// Latency at a fixed rate: requests leave when they are due, whether or not answers to earlier ones are there, so a
// candidate that stalls is charged for everything that waited meanwhile (a closed loop would forget it).
// Each is timed from the moment it was released, so time that it waits for a free connection counts.
import { Pool } from 'undici';
import { paced } from './pace.ts';
import type { LoadRequest } from './request.ts';

export interface OpenLoop {
  readonly url: string;
  readonly requests: readonly LoadRequest[];
  readonly perSecond: number;
  readonly seconds: number;
  readonly connections: number;
  /** Time at the beginning that is sent but not counted. */
  readonly warmUpSeconds: number;
}

export interface Latency {
  readonly requests: number;
  readonly failures: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The value below which a share of the sorted values lies (nearest rank). Zero where there are none. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** Sends one request and resolves to whether it was answered with 200. */
function send(pool: Pool, path: string, { headers, body }: LoadRequest): Promise<boolean> {
  return new Promise((resolve) => {
    let status = 0;
    pool.dispatch(
      { path, method: 'POST', headers, body },
      {
        onRequestStart: () => undefined,
        onResponseStart: (_controller, code) => {
          status = code;
        },
        onResponseData: () => undefined,
        onResponseEnd: () => resolve(status === 200),
        onResponseError: () => resolve(false),
      },
    );
  });
}

export async function openLoop(load: OpenLoop): Promise<Latency> {
  const { origin, pathname } = new URL(load.url);
  const pool = new Pool(origin, { connections: load.connections, pipelining: 1 });
  const skip = load.perSecond * load.warmUpSeconds;
  const total = skip + load.perSecond * load.seconds;
  const took: number[] = [];
  let failures = 0;
  const pending = new Set<Promise<void>>();
  const release = (index: number): void => {
    const request = load.requests[index % load.requests.length];
    if (request === undefined) return;
    const releasedAt = performance.now();
    const finished = send(pool, pathname, request).then((answered) => {
      pending.delete(finished);
      if (!answered) failures += 1;
      else if (index >= skip) took.push(performance.now() - releasedAt);
    });
    pending.add(finished);
  };

  await paced({ perSecond: load.perSecond, total }, release);
  await Promise.all(pending);
  await pool.close();
  const sorted = Float64Array.from(took).sort();
  return { requests: took.length, failures, p50Ms: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) };
}
