// The connections of a listener that are open. Node counts them too, but forgets one as soon as it is to be closed, before
// those who use it hear that it is.
import type { Server, Socket } from 'node:net';
import tls from 'node:tls';

export class Connections {
  private open = 0;
  private waiting: (() => void)[] = [];

  /** @param server not yet listening, with everybody who handles its connections */
  constructor(server: Server) {
    const event = server instanceof tls.Server ? 'secureConnection' : 'connection';
    server.on(event, (socket: Socket) => this.add(socket));
  }

  /** Resolves when none is open, or at the signal. */
  none(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (this.open === 0 || signal?.aborted === true) {
        resolve();
        return;
      }
      this.waiting.push(resolve);
      signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  private add(socket: Socket): void {
    this.open += 1;
    socket.once('close', () => this.remove());
  }

  private remove(): void {
    this.open -= 1;
    if (this.open > 0) return;
    for (const resolve of this.waiting) resolve();
    this.waiting = [];
  }
}
