// What becomes of the keys of a server: they stay, get a successor, or are made anew. Pure, but for the randomness that
// it is given.
import {
  KEY_SECRET_BYTES,
  KEYS_FILE_NAME,
  LIVE_KEYS,
  parseGatewayKeys,
  type GatewayKey,
  type GatewayKeys,
} from '#api/gateway-keys.ts';

/** Bytes that nobody can guess. */
export type RandomBytes = (size: number) => Buffer;

export interface KeysClock {
  readonly nowMs: number;
  /** Age of the newest key at which it gets a successor. */
  readonly rotateAfterMs: number;
}

/** What a Secret holds: keys, or something that is not to be used as such, and why. */
export type HeldKeys =
  { readonly kind: 'keys'; readonly keys: GatewayKeys } | { readonly kind: 'spoilt'; readonly why: string };

export type KeysPlan =
  /** Right as they are; milliseconds until the newest has to have a successor. */
  | { readonly kind: 'keep'; readonly keys: GatewayKeys; readonly dueMs: number }
  | { readonly kind: 'rotate'; readonly keys: GatewayKeys }
  /** What was sealed with the former ones opens no more. */
  | { readonly kind: 'replace'; readonly keys: GatewayKeys; readonly why: string };

/** Age at which the newest key of a server gets a successor, unless the installation says otherwise. */
export const ROTATE_AFTER_MS = 30 * 24 * 3_600_000;

const ID_BYTES = 8;
/** Clocks of replicas differ; a key from further ahead would not be replaced for as long. */
const AHEAD_MS = 3_600_000;

export function makeKey(nowMs: number, random: RandomBytes): GatewayKey {
  return {
    id: random(ID_BYTES).toString('hex'),
    secret: random(KEY_SECRET_BYTES).toString('base64url'),
    madeAt: new Date(nowMs).toISOString(),
  };
}

export function firstKeys(nowMs: number, random: RandomBytes): GatewayKeys {
  return { schemaVersion: 1, keys: [makeKey(nowMs, random)] };
}

/** Reads what is stored as keys. Never quotes it. */
export function readKeys(text: string, nowMs: number): HeldKeys {
  let keys: GatewayKeys;
  try {
    keys = parseGatewayKeys(text, KEYS_FILE_NAME);
  } catch {
    return { kind: 'spoilt', why: 'did not hold keys' };
  }
  const isAhead = keys.keys.some(({ madeAt }) => Date.parse(madeAt) > nowMs + AHEAD_MS);
  return isAhead ? { kind: 'spoilt', why: 'held a key from the future' } : { kind: 'keys', keys };
}

export function planKeys(held: HeldKeys, { nowMs, rotateAfterMs }: KeysClock, random: RandomBytes): KeysPlan {
  switch (held.kind) {
    case 'spoilt':
      return { kind: 'replace', keys: firstKeys(nowMs, random), why: held.why };
    case 'keys': {
      const { keys } = held;
      const dueMs = Date.parse(keys.keys.at(-1)?.madeAt ?? '') + rotateAfterMs - nowMs;
      if (dueMs > 0) return { kind: 'keep', keys, dueMs };
      const both = [...keys.keys, makeKey(nowMs, random)].slice(-LIVE_KEYS);
      return { kind: 'rotate', keys: { schemaVersion: 1, keys: both } };
    }
  }
}
