// Where one event of a stream ends and the next begins, for whoever passes the bytes on unread.

const LONGEST_END = 4;
const EVENT_END = /(?:\r\n|\n|\r(?!\n))(?:\r\n|\n|\r)$/;

export class EventBoundary {
  private tail = '';
  private begun = false;
  private waiting: (() => void) | undefined;

  /** Notes what was passed on. */
  push(chunk: Buffer): void {
    this.begun = true;
    this.tail = (this.tail + chunk.toString('latin1', Math.max(0, chunk.length - LONGEST_END))).slice(
      -LONGEST_END,
    );
    if (this.isHere) this.tell();
  }

  /** Calls back where the bytes so far end with a whole event: now, or as soon as they do. */
  whenHere(callback: () => void): void {
    this.waiting = callback;
    if (this.isHere) this.tell();
  }

  private get isHere(): boolean {
    return !this.begun || EVENT_END.test(this.tail);
  }

  private tell(): void {
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.();
  }
}
