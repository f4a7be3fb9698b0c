// The keys in force, ready for use: one derived key for each purpose, so that what is sealed for one can't be opened as
// another.
import { hkdfSync } from 'node:crypto';
import { KEY_PURPOSES, sealingKey, type GatewayKeys, type KeyPurpose } from '#api/gateway-keys.ts';
import type { Clock } from '#runtime/process/clock.ts';

export interface LiveKey {
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

const KEY_BYTES = 32;

export class KeyRing {
  /** Counts replacements; what was opened under an earlier one may no longer open. */
  generation = 0;
  private keys: GatewayKeys;
  private derived = new Map<string, Buffer>();
  private readonly clock: Clock;

  constructor(keys: GatewayKeys, clock: Clock) {
    this.keys = keys;
    this.clock = clock;
  }

  replace(keys: GatewayKeys): void {
    this.keys = keys;
    this.derived = new Map();
    this.generation += 1;
  }

  /** The key to seal with now. */
  sealing(purpose: KeyPurpose): LiveKey {
    const { id, secret } = sealingKey(this.keys, this.clock.nowMs());
    return { id, key: this.derive(id, secret, purpose) };
  }

  /** The key of this id; undefined where it is none of those that live. */
  opening(purpose: KeyPurpose, id: string): Buffer | undefined {
    const known = this.keys.keys.find((key) => key.id === id);
    return known === undefined ? undefined : this.derive(id, known.secret, purpose);
  }

  private derive(id: string, secret: string, purpose: KeyPurpose): Buffer {
    const name = `${purpose} ${id}`;
    const known = this.derived.get(name);
    if (known !== undefined) return known;
    const bytes = Buffer.from(secret, 'base64url');
    const key = Buffer.from(hkdfSync('sha256', bytes, '', KEY_PURPOSES[purpose], KEY_BYTES));
    this.derived.set(name, key);
    return key;
  }
}
