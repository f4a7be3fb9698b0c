// Keys that wait to be worked on. A key is in it once, however often it was added; one that is added while it is being
// worked on comes back afterwards, so no two workers ever have the same key and no change is missed. Bounded by the
// number of keys there are.

/** Timers can't count further; whoever waits longer is woken early, which level-based work doesn't mind. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

interface Due {
  readonly atMs: number;
  readonly timer: NodeJS.Timeout;
}

export class WorkQueue {
  private readonly waiting = new Set<string>();
  private readonly running = new Set<string>();
  /** Added while they ran. */
  private readonly again = new Set<string>();
  private readonly due = new Map<string, Due>();
  private readonly onReady: () => void;
  private closed = false;

  /** `onReady` is called when there may be something to take. */
  constructor(onReady: () => void) {
    this.onReady = onReady;
  }

  /** Keys that could be worked on now; those that wait for their time not counted. */
  get depth(): number {
    return this.waiting.size + this.again.size;
  }

  /** Keys that wait for their time. */
  get delayed(): number {
    return this.due.size;
  }

  get active(): number {
    return this.running.size;
  }

  add(key: string): void {
    if (this.closed) return;
    if (this.running.has(key)) {
      this.again.add(key);
      return;
    }
    this.waiting.add(key);
    this.onReady();
  }

  /** Adds the key later; of several times that were asked for the earliest counts. */
  addAfter(key: string, ms: number): void {
    if (this.closed) return;
    const waitMs = Math.min(LONGEST_TIMER_MS, Math.max(0, Number.isNaN(ms) ? 0 : ms));
    const atMs = performance.now() + waitMs;
    const known = this.due.get(key);
    if (known !== undefined && known.atMs <= atMs) return;
    clearTimeout(known?.timer);
    const timer = setTimeout(() => {
      this.due.delete(key);
      this.add(key);
    }, waitMs);
    this.due.set(key, { atMs, timer });
  }

  /** First come, first served; undefined where nothing waits. The key has to be given to `done` afterwards. */
  take(): string | undefined {
    for (const key of this.waiting) {
      this.waiting.delete(key);
      this.running.add(key);
      return key;
    }
    return undefined;
  }

  done(key: string): void {
    this.running.delete(key);
    if (this.again.delete(key)) this.add(key);
  }

  /** Forgets everything that waits, and takes nothing more. */
  close(): void {
    this.closed = true;
    for (const { timer } of this.due.values()) clearTimeout(timer);
    this.due.clear();
    this.waiting.clear();
    this.again.clear();
  }
}
