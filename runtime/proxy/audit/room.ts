// Memory that is used again and again. What is allocated for each batch of events waits to be found dead, so the next batch gets
// memory that no cache holds and the system has yet to provide: that costs thirty times what it takes to fill it.

const LEAST_BYTES = 64 * 1024;
/** More than this is not kept. */
const KEPT_BYTES = 1024 * 1024;

export class Room {
  private memory = Buffer.alloc(0);

  /** So many bytes, with anything in them. What was taken before has no memory of its own from then on. */
  take(bytes: number): Buffer {
    if (bytes > KEPT_BYTES) return Buffer.allocUnsafeSlow(bytes);
    if (bytes > this.memory.length) this.memory = Buffer.allocUnsafeSlow(roomFor(bytes));
    return this.memory.subarray(0, bytes);
  }

  /** Somebody may need what was taken for longer: it is theirs. */
  leave(): void {
    this.memory = Buffer.alloc(0);
  }
}

function roomFor(bytes: number): number {
  let room = LEAST_BYTES;
  while (room < bytes) room *= 2;
  return room;
}
