// What is written to sockets leaves together, once the event loop has read everything that had come. To write to somebody who
// sleeps is to wake them, which takes the kernel longer than the write: written one by one, between reading one request and
// the next, each found them asleep again.

/** Something that is ready to be written. It answers for its own errors: one must not keep the others here. */
export interface Departure {
  depart(): void;
  /** Called once all of its turn have departed: what can be done after writing is not done between writes. */
  departed?(): void;
}

export class Departures {
  private waiting: Departure[] = [];

  /** Has it depart at the end of this turn of the event loop, after those that were added before. */
  add(departure: Departure): void {
    if (this.waiting.push(departure) === 1) setImmediate(this.leave);
  }

  private readonly leave = (): void => {
    const leaving = this.waiting;
    this.waiting = [];
    for (const departure of leaving) departure.depart();
    for (const departure of leaving) departure.departed?.();
  };
}
