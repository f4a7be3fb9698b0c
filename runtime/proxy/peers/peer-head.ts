// The heads of what goes between two proxies: as they came, without what belongs to a single connection.
import { isIP } from 'node:net';
import type { RequestHead } from '../edge/request-head.ts';

/** Says from where the caller came. Believed on the listener for peers, nowhere else. */
const CALLER_ADDRESS = 'mcp-runtime-caller-address';

const OF_ONE_CONNECTION = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', CALLER_ADDRESS]);

/** Flat, as `request` takes them. Framing goes along, so that the body can follow as it is. */
export function requestHeaders({ names, values }: RequestHead, callerAddress: string): string[] {
  const headers: string[] = [];
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at] ?? '';
    if (!OF_ONE_CONNECTION.has(name)) headers.push(name, values[at] ?? '');
  }
  headers.push(CALLER_ADDRESS, callerAddress);
  return headers;
}

/** Flat, as `writeHead` takes them. */
export function answerHeaders(rawHeaders: readonly string[]): string[] {
  const headers: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = (rawHeaders[at] ?? '').toLowerCase();
    const framing = name === 'transfer-encoding';
    if (!framing && !OF_ONE_CONNECTION.has(name)) headers.push(name, rawHeaders[at + 1] ?? '');
  }
  return headers;
}

/** The address of the caller in what a peer sent; undefined where it says none. */
export function callerAddressIn({ names, values }: RequestHead): string | undefined {
  const address = values[names.indexOf(CALLER_ADDRESS)];
  return address === undefined || isIP(address) === 0 ? undefined : address;
}
