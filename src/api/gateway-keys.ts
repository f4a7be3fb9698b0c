// The keys that the proxies of one server share: what one of them seals (a session id, an event id) any other opens.
// The operator makes and replaces them; a proxy that nobody gives keys makes its own. Errors never quote the file.
import { z } from 'zod';
import { PlatformError } from './errors.ts';

/** Name of the file, which is also the entry of the Secret. */
export const KEYS_FILE_NAME = 'keys.json';

/** Bytes of a secret. */
export const KEY_SECRET_BYTES = 32;

/** How many keys live at once: one, and while it is being replaced its successor. */
export const LIVE_KEYS = 2;

/**
 * How long a new key is only opened with, in milliseconds: kubelets bring it to the pods one after another, and what is
 * sealed has to open everywhere.
 */
export const KEY_SETTLES_MS = 600_000;

/** A secret is never used itself; HKDF-SHA256 with one of these as info gives the key for each purpose. */
export const KEY_PURPOSES = {
  session: 'mcp-runtime session id',
  event: 'mcp-runtime event id',
  peer: 'mcp-runtime peer',
  digest: 'mcp-runtime digest',
} as const;

export type KeyPurpose = keyof typeof KEY_PURPOSES;

const gatewayKey = z.object({
  /** Goes in front of what is sealed. */
  id: z.string().regex(/^[a-z0-9]{1,16}$/, 'must be 1 to 16 of a-z and 0-9'),
  /** 32 bytes, base64url without padding. */
  secret: z.string().regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, 'must be 32 bytes in base64url'),
  madeAt: z.iso.datetime({ offset: true }),
});

export const gatewayKeys = z.object({
  schemaVersion: z.literal(1),
  /** Oldest first. */
  keys: z
    .array(gatewayKey)
    .min(1)
    .max(LIVE_KEYS)
    .refine((keys) => new Set(keys.map(({ id }) => id)).size === keys.length, 'ids must differ')
    .refine(
      (keys) =>
        keys.every(({ madeAt }, at) => Date.parse(madeAt) >= Date.parse(keys[at - 1]?.madeAt ?? madeAt)),
      'must be oldest first',
    ),
});

export type GatewayKey = Readonly<z.infer<typeof gatewayKey>>;
export type GatewayKeys = Readonly<Omit<z.infer<typeof gatewayKeys>, 'keys'>> & {
  readonly keys: readonly GatewayKey[];
};

/**
 * Reads the text of a keys file.
 * @param where what to call it in an error, a path or an object's name
 * @throws PlatformError `keys_unreadable`: not JSON, or not of this shape
 */
export function parseGatewayKeys(text: string, where: string): GatewayKeys {
  const failure = (what: string) =>
    new PlatformError('keys_unreadable', {
      where,
      what,
      remedy: 'delete it, and whoever makes the keys makes new ones',
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Without the cause: its message quotes the text.
    throw failure('is not JSON');
  }
  const read = gatewayKeys.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw failure(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'is not understood'}`);
}

/** The key to seal with: the newest that everybody has by now, else the oldest. */
export function sealingKey(keys: GatewayKeys, nowMs: number): GatewayKey {
  const settled = keys.keys.filter(({ madeAt }) => Date.parse(madeAt) + KEY_SETTLES_MS <= nowMs);
  const key = settled.at(-1) ?? keys.keys[0];
  if (key === undefined) throw new TypeError('a keys file has a key; its schema says so');
  return key;
}
