// A bound on how long something may take, beside the caller's own signal. `AbortSignal.any` would leave a trace of every
// request on a signal that lives as long as the program.

/** The caller's signal and a timeout in one, without leaving anything on the caller's signal afterwards. */
export class Limit {
  timedOut = false;

  private readonly controller = new AbortController();
  private readonly timer: NodeJS.Timeout;
  private readonly caller: AbortSignal | undefined;
  private readonly onAbort: () => void;

  constructor(timeoutMs: number, caller: AbortSignal | undefined) {
    this.caller = caller;
    this.onAbort = () => this.controller.abort(caller?.reason);
    this.timer = setTimeout(() => {
      this.timedOut = true;
      this.controller.abort();
    }, timeoutMs);
    if (caller?.aborted === true) this.onAbort();
    caller?.addEventListener('abort', this.onAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  clear(): void {
    clearTimeout(this.timer);
    this.caller?.removeEventListener('abort', this.onAbort);
  }
}
