// What is written to sockets leaves together, once the event loop has read everything that had come. To write to somebody who
// sleeps is to wake them, which takes the kernel longer than the write: written one by one, between reading one request and
// the next, each found them asleep again. What comes before writing and after it is done in rows, too: a processor does the
// same thing several times faster than several things in turn, for its caches hold the code of one.

/** Something that is ready to be written. It answers for its own errors: one must not keep the others here. */
export interface Departure {
  /** What has to be decided before anything of its turn departs. What it adds leaves with this turn. */
  prepare?(): void;
  depart?(): void;
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
    // The list may grow while it is walked.
    for (const departure of this.waiting) departure.prepare?.();
    const leaving = this.waiting;
    this.waiting = [];
    for (const departure of leaving) departure.depart?.();
    for (const departure of leaving) departure.departed?.();
  };
}
