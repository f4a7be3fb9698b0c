// Silence that goes on for too long is a failure: a connection that nobody ends can be dead for minutes.

/** A bound on waiting that is put off whenever something comes. */
export class Patience {
  private timer: NodeJS.Timeout;

  constructor(ms: number, onOver: () => void) {
    this.timer = setTimeout(onOver, ms);
  }

  become(ms: number, onOver: () => void): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(onOver, ms);
  }

  putOff(): void {
    this.timer.refresh();
  }

  end(): void {
    clearTimeout(this.timer);
  }
}

/** The chunks of a body; each puts the end of patience off. */
export async function* heard(response: AsyncIterable<Buffer>, patience: Patience): AsyncGenerator<Buffer> {
  for await (const chunk of response) {
    patience.putOff();
    yield chunk;
  }
}
