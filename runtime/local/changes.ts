// Waiting for a state that others bring about: asked again at every change, given up after a while.

export class Changes {
  private readonly waiting = new Set<() => void>();

  /** Something changed: everybody who waits looks again. */
  announce(): void {
    for (const look of [...this.waiting]) look();
  }

  /** Resolves to true once `holds` does, to false when `signal` fires before. */
  async until(holds: () => boolean, signal: AbortSignal): Promise<boolean> {
    if (holds()) return true;
    return new Promise((resolve) => {
      const settle = (value: boolean): void => {
        this.waiting.delete(look);
        signal.removeEventListener('abort', gaveUp);
        resolve(value);
      };
      const look = (): void => {
        if (holds()) settle(true);
      };
      const gaveUp = (): void => settle(false);
      this.waiting.add(look);
      if (signal.aborted) gaveUp();
      else signal.addEventListener('abort', gaveUp, { once: true });
    });
  }
}
