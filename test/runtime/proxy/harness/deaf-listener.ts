// A listener whose machine answers nothing to whoever connects, as behind a rule that drops packets: its process is stopped,
// and the queue of connections that wait to be accepted is full, so the kernel drops what else comes.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';

/** Two fit into the queue of the smallest backlog; all others wait. */
const BACKLOG = 1;
const CONNECTIONS = 8;
const HOST = '127.0.0.1';
const LISTEN = `require('net').createServer().listen({port:+process.argv[1],host:'${HOST}',backlog:${BACKLOG}},function(){console.log(this.address().port)})`;
/** Of `/proc/net/tcp`. */
const SYN_SENT = '02';

export class DeafListener {
  readonly port: number;
  private readonly child: ChildProcess;
  private readonly waiting: readonly net.Socket[];

  private constructor(port: number, child: ChildProcess, waiting: readonly net.Socket[]) {
    this.port = port;
    this.child = child;
    this.waiting = waiting;
  }

  /** @param wanted port, 0 for a free one */
  static async start(wanted = 0): Promise<DeafListener> {
    const child = spawn(process.execPath, ['-e', LISTEN, String(wanted)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said: unknown[] = await once(child.stdout, 'data');
    const port = Number(String(said[0]));
    child.kill('SIGSTOP');
    const waiting = Array.from({ length: CONNECTIONS }, () =>
      net.connect(port, HOST).on('error', () => undefined),
    );
    await Promise.all(waiting.slice(0, BACKLOG).map((socket) => once(socket, 'connect')));
    return new DeafListener(port, child, waiting);
  }

  /** Connections to it that nothing has come back for, besides those that fill its queue. */
  async unanswered(): Promise<number> {
    const own = new Set(this.waiting.map(({ localPort }) => localPort));
    const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n').slice(1);
    return lines.filter((line) => {
      const [, local = '', remote = '', state] = line.trim().split(/\s+/);
      const isOwn = own.has(parseInt(local.split(':')[1] ?? '', 16));
      return state === SYN_SENT && parseInt(remote.split(':')[1] ?? '', 16) === this.port && !isOwn;
    }).length;
  }

  async stop(): Promise<void> {
    for (const socket of this.waiting) socket.destroy();
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }
}
