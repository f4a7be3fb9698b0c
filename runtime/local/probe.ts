// Asks whether something answers on loopback. A probe never throws: not yet is an answer.
import { connect } from 'node:net';
import type { z } from 'zod';

/** Resolves to whether the thing is ready; must settle soon after `signal` fires. */
export type Probe = (signal: AbortSignal) => Promise<boolean>;

const attemptMs = 2_000;

/** Ready when a connection to the port is accepted. */
export function listensOn(port: number): Probe {
  return (signal) =>
    new Promise((resolve) => {
      const socket = connect({ host: '127.0.0.1', port });
      const settle = (ready: boolean): void => {
        signal.removeEventListener('abort', aborted);
        socket.destroy();
        resolve(ready);
      };
      const aborted = (): void => settle(false);
      signal.addEventListener('abort', aborted, { once: true });
      socket.setTimeout(attemptMs, () => settle(false));
      socket.once('connect', () => settle(true));
      socket.once('error', () => settle(false));
    });
}

/** Ready when a GET answers with a status below 300. */
export function answersAt(url: string): Probe {
  return async (signal) => {
    try {
      const response = await fetch(url, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(attemptMs)]),
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  };
}

/** The JSON at a URL, checked; undefined where there is none to be had now. */
export async function readJsonAt<T>(url: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(attemptMs) });
    const json: unknown = await response.json();
    return schema.safeParse(json).data;
  } catch {
    return undefined;
  }
}
