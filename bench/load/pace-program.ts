// The clock of an open loop, on a thread of its own, which sleeps until each request is due and then says so.
import { parentPort, workerData } from 'node:worker_threads';
import { z } from 'zod';

const { perSecond, total } = z.object({ perSecond: z.number(), total: z.number() }).parse(workerData);
const nobody = new Int32Array(new SharedArrayBuffer(4));
const startedAt = performance.now();

for (let number = 0; number < total; number += 1) {
  const leftMs = startedAt + (number * 1_000) / perSecond - performance.now();
  if (leftMs > 0) Atomics.wait(nobody, 0, 0, leftMs);
  parentPort?.postMessage(number);
}
