// When to stop: at the first signal, in order; at the second, at once.
import { EXIT } from './output.ts';

/** A signal that comes this soon after one is the same Ctrl-C, passed on by whoever started us. */
const sameSignalMs = 500;
const parentMs = 1_000;

/** Resolves at the first signal; the second one ends at once. */
export class Interrupt {
  readonly signal: AbortSignal;
  /** Called at the second signal, before the process ends. */
  onForce: () => void = () => undefined;
  private readonly controller = new AbortController();
  private firstAt = 0;

  constructor() {
    this.signal = this.controller.signal;
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => this.interrupt());
    if (process.env['npm_lifecycle_event'] !== undefined) this.watchParent();
  }

  whenInterrupted(): Promise<void> {
    return new Promise((resolve) => {
      if (this.signal.aborted) resolve();
      else this.signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  /** `npm start` waits for us in the foreground: when it is gone, however it ended, nobody is left to press Ctrl-C. */
  private watchParent(): void {
    const parent = process.ppid;
    const timer = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(timer);
      if (!this.signal.aborted) this.interrupt();
    }, parentMs);
    timer.unref();
  }

  private interrupt(): void {
    if (!this.signal.aborted) {
      this.firstAt = performance.now();
      this.controller.abort();
      return;
    }
    if (performance.now() - this.firstAt < sameSignalMs) return;
    this.onForce();
    process.exit(EXIT.failed);
  }
}
