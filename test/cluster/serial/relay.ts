// The network between an operator and the API server, as a test's own: connections to a port of this machine that are
// passed on, hang, or break.
import net from 'node:net';
import { once } from 'node:events';

/** `pass`: all goes through. `stall`: connections are taken and kept, and nothing passes. `cut`: they break at once. */
export type RelayMode = 'pass' | 'stall' | 'cut';

interface Pair {
  readonly near: net.Socket;
  /** Absent while nothing passes. */
  far: net.Socket | undefined;
}

export class Relay {
  private mode: RelayMode = 'pass';
  private readonly target: URL;
  private readonly server: net.Server;
  private readonly pairs = new Set<Pair>();

  /** @param target where connections lead: `https://127.0.0.1:6443` */
  static async start(target: string): Promise<Relay> {
    const relay = new Relay(new URL(target));
    relay.server.listen(0, '127.0.0.1');
    await once(relay.server, 'listening');
    return relay;
  }

  private constructor(target: URL) {
    this.target = target;
    this.server = net.createServer((near) => this.take(near));
  }

  /** Where to go instead of the target. */
  get url(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('the relay does not listen');
    return `https://127.0.0.1:${address.port}`;
  }

  /** Connections that hang are not healed: they break when all goes through again, as after a change of routes. */
  turn(mode: RelayMode): void {
    const before = this.mode;
    this.mode = mode;
    for (const pair of this.pairs) {
      if (mode === 'stall') this.freeze(pair);
      else if (mode === 'cut' || before === 'stall') this.end(pair);
    }
  }

  async stop(): Promise<void> {
    this.turn('cut');
    const closed = once(this.server, 'close');
    this.server.close();
    await closed;
  }

  private take(near: net.Socket): void {
    const pair: Pair = { near, far: undefined };
    this.pairs.add(pair);
    near.on('error', () => undefined);
    near.on('close', () => this.end(pair));
    if (this.mode === 'cut') this.end(pair);
    else if (this.mode === 'pass') this.join(pair);
  }

  private join(pair: Pair): void {
    const far = net.connect(Number(this.target.port), this.target.hostname);
    pair.far = far;
    far.on('error', () => undefined);
    far.on('close', () => this.end(pair));
    pair.near.pipe(far);
    far.pipe(pair.near);
  }

  /** The near end stays open; what it sends from now on goes nowhere, whatever happens later. */
  private freeze(pair: Pair): void {
    const { near, far } = pair;
    if (far === undefined) return;
    near.unpipe(far);
    near.pause();
    far.unpipe(near);
    far.removeAllListeners('close');
    far.destroy();
    pair.far = undefined;
  }

  private end(pair: Pair): void {
    this.pairs.delete(pair);
    pair.near.destroy();
    pair.far?.destroy();
  }
}
