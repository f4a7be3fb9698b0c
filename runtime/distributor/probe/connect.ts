// Whether something accepts connections at an address.
import { connect as openSocket } from 'node:net';

/** Resolves to whether it could be connected to, in time. */
export type Connect = (address: string, port: number, signal: AbortSignal) => Promise<boolean>;

const TIMEOUT_MS = 1_500;

export const connect: Connect = async (address, port, signal) => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = openSocket({ host: address, port, signal });
  socket.setTimeout(TIMEOUT_MS, () => resolve(false));
  socket.once('connect', () => resolve(true));
  socket.once('error', () => resolve(false));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
};
