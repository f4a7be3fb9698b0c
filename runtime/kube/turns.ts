// Work of which only so much may be under way at once; the rest waits, first come, first served. For what takes memory
// while it lasts, rather than for what has to exclude each other.

export class Turns {
  private free: number;
  private readonly waiting: (() => void)[] = [];

  /** @param most how many are under way at once */
  constructor(most: number) {
    this.free = most;
  }

  /** Does the work when its turn has come; passes on what it answers or throws. */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.free === 0) await new Promise<void>((resolve) => this.waiting.push(resolve));
    else this.free -= 1;
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.free += 1;
      else next();
    }
  }
}
