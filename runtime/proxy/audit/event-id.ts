// Ids of audit events: 32 random hexadecimal digits, which is also the form of a trace id. Random bytes are asked for
// in bulk, because asking costs more than the bytes.
import { randomFillSync } from 'node:crypto';

const ID_BYTES = 16;
const POOL_BYTES = 256 * ID_BYTES;

export class EventIds {
  private readonly pool = Buffer.alloc(POOL_BYTES);
  private at = POOL_BYTES;

  next(): string {
    if (this.at === POOL_BYTES) {
      randomFillSync(this.pool);
      this.at = 0;
    }
    const start = this.at;
    this.at += ID_BYTES;
    return this.pool.toString('hex', start, this.at);
  }
}
