// Requests at even distances. Timers of the event loop count whole milliseconds, so by these two or three requests would leave
// at once at 2 000 a second, and the last of them would wait for the others, whoever answers. A thread sleeps more precisely.
import path from 'node:path';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

const program = path.join(import.meta.dirname, 'pace-program.ts');

export interface Pace {
  readonly perSecond: number;
  /** Requests in all. */
  readonly total: number;
}

/** Calls back when each request is due, with its number. Resolves after the last. */
export async function paced(pace: Pace, onDue: (number: number) => void): Promise<void> {
  const worker = new Worker(program, { workerData: pace });
  worker.on('message', (number: number) => onDue(number));
  await once(worker, 'exit');
}
