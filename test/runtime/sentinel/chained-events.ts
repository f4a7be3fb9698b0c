// Events as one start of one proxy makes them: counted, and each with the hash of the one before.
import { createHash } from 'node:crypto';
import { FIRST_PREV_HASH, type AuditEvent } from '#api/audit-event.ts';
import { eventOf } from './events.ts';

export class Proxy {
  private readonly instance: string;
  private seq = 1;
  private prevHash = FIRST_PREV_HASH;

  constructor(instance: string) {
    this.instance = instance;
  }

  next(count: number): readonly AuditEvent[] {
    return Array.from({ length: count }, () => {
      const event = eventOf({
        id: `${this.instance}-${this.seq}`,
        timestamp: new Date().toISOString(),
        instance: this.instance,
        seq: this.seq,
        prev_hash: this.prevHash,
      });
      this.seq += 1;
      this.prevHash = createHash('sha256').update(JSON.stringify(event)).digest('hex');
      return event;
    });
  }
}
