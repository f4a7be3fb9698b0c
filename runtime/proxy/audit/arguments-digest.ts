// A digest of the arguments of a call, where a server asks for one: it tells that two calls had the same arguments, and
// proves to whoever has the server's keys which ones they were. Without a key, guessing would tell everybody.
import { createHmac } from 'node:crypto';
import type { Exchange } from '../exchange.ts';
import type { KeyRing } from '../keys/key-ring.ts';

/**
 * `<key id>:<hex>`: HMAC-SHA256 of the bytes of `params.arguments` as they were sent. Undefined where the server asks for
 * none, or none were sent. Made once: both events of a call have the same, also where keys are replaced between them.
 */
export function argumentsDigest(exchange: Exchange, keys: KeyRing): string | undefined {
  const { body, message, snapshot } = exchange;
  const span = message?.arguments;
  if (snapshot?.document.audit.arguments !== 'digest' || span === undefined || body === undefined) {
    return undefined;
  }
  exchange.argumentsDigest ??= digestOf(body.subarray(span.start, span.end), keys);
  return exchange.argumentsDigest;
}

function digestOf(bytes: Buffer, keys: KeyRing): string {
  const { id, key } = keys.sealing('digest');
  return `${id}:${createHmac('sha256', key).update(bytes).digest('hex')}`;
}
