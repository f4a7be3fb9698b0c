// What a distributor needs for a thousand proxies, each of a server of its own: its memory while they come, while they
// are there, and while every policy changes. Its API server is one of this bench, because only its memory is measured.
import { connect, type TLSSocket } from 'node:tls';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  DISTRIBUTOR_MEMORY,
  downMessage,
  STREAM_BEAT_MS,
  type PolicyMark,
  type UpMessage,
} from '#api/distributor-api.ts';
import { DISTRIBUTOR_TLS_NAME } from '#api/names.ts';
import { POLICY_SCHEMA, policyDocument } from '#policy/document.ts';
import { issueServing, makeAuthority } from '#runtime/operator/trust/certificates.ts';
import { bundleProgram } from '#scripts/bundle.ts';
import type { BenchContext } from '../context.ts';
import { cores, freePort } from '../proc/processes.ts';
import { memory } from '../proc/usage.ts';
import { ReadOnlyApi, tokenOf } from './read-only-api.ts';

export const PROXIES = 1_000;

const HOUR_MS = 3_600_000;
const LIMIT_MS = 60_000;
/** Proxies that connect at once. */
const AT_ONCE = 50;
/** How long everybody is only there; longer than a beat. */
const STEADY_MS = STREAM_BEAT_MS + 2_000;

/** A proxy, as small as it can be: this side's memory is not the question, its time is. */
class SmallProxy {
  enforced: PolicyMark | undefined;
  private readonly socket: TLSSocket;
  private readonly beat: NodeJS.Timeout;
  private rest = '';

  constructor(port: number, ca: string, at: number) {
    this.socket = connect({ host: '127.0.0.1', port, ca, servername: DISTRIBUTOR_TLS_NAME });
    this.socket.on('error', () => undefined);
    this.socket.setEncoding('utf8').on('data', (text: string) => this.hear(text));
    const head = ['POST /policy HTTP/1.1', 'Host: distributor', `Authorization: Bearer ${tokenOf(at)}`];
    this.socket.write([...head, 'Transfer-Encoding: chunked', '', ''].join('\r\n'));
    this.say({ hello: { schemas: [POLICY_SCHEMA], features: [] } });
    this.beat = setInterval(() => this.say({ audit: { delayed: false } }), STREAM_BEAT_MS);
  }

  close(): void {
    clearInterval(this.beat);
    this.socket.destroy();
  }

  private say(message: UpMessage): void {
    const line = `${JSON.stringify(message)}\n`;
    this.socket.write(`${Buffer.byteLength(line).toString(16)}\r\n${line}\r\n`);
  }

  private hear(text: string): void {
    this.rest += text;
    const lines = this.rest.split('\n');
    this.rest = lines.pop() ?? '';
    // The framing of chunks stands between the lines, and is no JSON.
    for (const line of lines) if (line.startsWith('{')) this.take(line);
  }

  private take(line: string): void {
    const message = downMessage.parse(JSON.parse(line));
    if (!('document' in message)) return;
    const { revision, inputs, epoch } = policyDocument.parse(message.document);
    this.enforced = { revision, inputs, epoch };
    this.say({ enforced: this.enforced });
  }
}

async function until(
  what: string,
  holds: () => boolean,
  look: () => void,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + LIMIT_MS;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`not in ${LIMIT_MS} ms: ${what}`);
    look();
    await sleep(100, undefined, { signal });
  }
}

/** The most memory that was seen, MiB. */
export async function distributorRssMib(context: BenchContext): Promise<number> {
  const { processes, folder, say, signal } = context;
  const lifetime = { nowMs: Date.now(), validMs: HOUR_MS };
  const authority = await makeAuthority('bench', lifetime);
  const certificate = await issueServing(authority, [DISTRIBUTOR_TLS_NAME], lifetime);
  const api = new ReadOnlyApi({ servers: PROXIES, certificate });
  const proxies: SmallProxy[] = [];
  try {
    const program = await bundleProgram('bench/node/distributor-program.ts', `${folder}/distributor.mjs`);
    const [streamPort, pagesPort] = [await freePort(), await freePort()];
    const running = processes.start({
      name: 'distributor',
      command: [process.execPath, program],
      core: cores.proxy,
      env: {
        ...DISTRIBUTOR_MEMORY,
        API_URL: await api.listen(),
        BIND_ADDRESS: '127.0.0.1',
        STREAM_PORT: String(streamPort),
        PAGES_PORT: String(pagesPort),
        LOG_LEVEL: 'warn',
      },
    });
    await processes.ready(running, `http://127.0.0.1:${pagesPort}/readyz`);
    const idleMib = memory(running.pid).rssMib;
    let most = idleMib;
    const look = () => {
      most = Math.max(most, memory(running.pid).rssMib);
    };
    const settled = () => proxies.every(({ enforced }) => enforced !== undefined);
    while (proxies.length < PROXIES) {
      for (let at = 0; at < AT_ONCE; at += 1) {
        proxies.push(new SmallProxy(streamPort, authority.certificate, proxies.length));
      }
      await until('the proxies have their policy', settled, look, signal);
    }
    const connectedMib = most;
    const steadyUntilMs = performance.now() + STEADY_MS;
    await until('a beat has passed', () => performance.now() > steadyUntilMs, look, signal);
    const steadyMib = most;
    const before = proxies.map(({ enforced }) => enforced?.revision);
    for (let at = 0; at < PROXIES; at += 1) api.revoke(at);
    const changed = () => proxies.every(({ enforced }, at) => enforced?.revision !== before[at]);
    await until('the proxies enforce what has changed', changed, look, signal);
    look();
    const shown = [idleMib, connectedMib, steadyMib, most].map((mib) => mib.toFixed(0)).join(', ');
    say(
      `distributor, MiB at most: alone, with ${PROXIES} proxies, after a beat, after a change of all: ${shown}`,
    );
    await processes.stop(running);
    return most;
  } finally {
    for (const proxy of proxies) proxy.close();
    api.close();
  }
}
