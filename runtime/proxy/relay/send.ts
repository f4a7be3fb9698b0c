// Sends a whole answer. Head and a small body leave in one write: Latin-1 keeps every byte as it is, and lets
// `node:http` join the two.
import type { CallerResponse } from '../edge/caller.ts';

const JOIN_BELOW = 16 * 1024;

export function sendWhole(
  response: CallerResponse,
  status: number,
  headers: readonly string[],
  body: Buffer,
): void {
  response.writeHead(status, [...headers]);
  if (body.length < JOIN_BELOW) response.end(body.toString('latin1'), 'latin1');
  else response.end(body);
}

/** Calls back once the last of an answer has left: at once where the caller keeps up, never where it goes away. */
export function whenSent(response: CallerResponse, onSent: () => void): void {
  if (response.writableLength === 0) onSent();
  else response.once('finish', onSent);
}
