// The client that is ours beside one that many use: what ours takes, the other takes too and reads to the same bytes; what
// ours is unsure of, it refuses. And whatever happens to one call, no other call gets any of its bytes.
import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { systemClock } from '#runtime/process/clock.ts';
import { LeanUpstream } from '#runtime/proxy/upstream/lean-upstream.ts';
import { UndiciUpstream } from '#runtime/proxy/upstream/undici-upstream.ts';
import type { Upstream } from '#runtime/proxy/upstream/upstream.ts';
import { POST, collect, type Collected } from './collect.ts';
import { oddAnswer } from './odd-answer.ts';
import { startRawServer, type RawServer, type Script } from './raw-server.ts';

const ended: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

async function serve(script: Script): Promise<RawServer> {
  const server = await startRawServer(script);
  ended.push(() => server.close());
  return server;
}

function closed<Kind extends Upstream>(upstream: Kind): Kind {
  ended.push(() => upstream.close());
  return upstream;
}

const clients: readonly [string, (origin: URL) => Upstream][] = [
  ['LeanUpstream', (origin) => new LeanUpstream({ origin, clock: systemClock })],
  ['UndiciUpstream', (origin) => new UndiciUpstream(origin)],
];

/** What HTTP leaves open is the same: the order of different headers, and blanks behind a value, which undici leaves there. */
function comparable(result: Collected) {
  if ('failure' in result) return result;
  const pairs = result.headers.flatMap((name, at) =>
    at % 2 === 0 ? [`${name}: ${(result.headers[at + 1] ?? '').replace(/[ \t]+$/, '')}`] : [],
  );
  return {
    ...result,
    headers: pairs.sort((a, b) => (byName(a) < byName(b) ? -1 : byName(a) > byName(b) ? 1 : 0)),
  };
}

const byName = (line: string): string => line.slice(0, line.indexOf(':'));

describe('LeanUpstream, with undici as its oracle', () => {
  it('takes no answer that undici refuses, and reads none to other bytes', async () => {
    let answer = '';
    const server = await serve((socket) => void socket.end(answer, 'latin1'));
    const ours = closed(new LeanUpstream({ origin: server.origin, clock: systemClock }));
    const oracle = closed(new UndiciUpstream(server.origin));
    const seen = { taken: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(oddAnswer, async (text) => {
        answer = text;
        const mine = await collect(ours);
        if ('failure' in mine) {
          seen.refused += 1;
          return;
        }
        seen.taken += 1;
        expect(comparable(await collect(oracle))).toEqual(comparable(mine));
      }),
      { numRuns: 1_000 },
    );
    // Neither of the two may become so rare that nothing is compared.
    expect(Math.min(seen.taken, seen.refused)).toBeGreaterThan(60);
  });
});

describe.each(clients)('%s', (_name, create) => {
  /** What becomes of a call: it is answered, given up when its body begins, or broken off by the server. */
  const fates = fc.array(fc.constantFrom('answered', 'aborted', 'broken'), { minLength: 2, maxLength: 8 });

  it('gives each call its own bytes, whatever became of the calls before it', async () => {
    let plan: readonly string[] = [];
    let first = 0;
    const server = await serve((socket, _request, number) => {
      const at = number - first - 1;
      const text = `answer ${at} `.repeat(50);
      const head = `HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\n\r\n`;
      if (plan[at] === 'answered') socket.write(head + text);
      else socket.write(head + text.slice(0, 20));
      if (plan[at] === 'broken') socket.end();
    });
    const upstream = closed(create(server.origin));
    await fc.assert(
      fc.asyncProperty(fates, async (fate) => {
        plan = fate;
        first = server.requests.length;
        for (const [at, each] of fate.entries()) {
          const own = `answer ${at} `.repeat(50);
          if (each === 'aborted') expect(own.startsWith(await begun(upstream))).toBe(true);
          else if (each === 'answered')
            expect(await collect(upstream)).toMatchObject({ status: 200, body: own });
          else expect(await collect(upstream)).toMatchObject({ failure: 'upstream_lost' });
        }
        expect(server.requests.length - first).toBe(fate.length);
      }),
      { numRuns: 40 },
    );
  });

  /** The first bytes of a body, after which the call is given up. */
  function begun(upstream: Upstream): Promise<string> {
    return new Promise((resolve, reject) => {
      const call = upstream.send(POST, {
        onHead: () => undefined,
        onData: (chunk) => {
          call.abort();
          resolve(chunk.toString('latin1'));
        },
        onEnd: () => reject(new Error('the answer ended')),
        onFailure: ({ message }) => reject(new Error(message)),
      });
    });
  }

  it('gives every byte of a body once and in order, however often its reader pauses', async () => {
    const body = Buffer.from(Array.from({ length: 400_000 }, (_, at) => (at * 7) % 251));
    const server = await serve((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`);
      socket.write(body);
    });
    const upstream = closed(create(server.origin));
    const received = await new Promise<Buffer>((resolve, reject) => {
      const chunks: Buffer[] = [];
      const call = upstream.send(POST, {
        onHead: () => undefined,
        onData: (chunk) => {
          chunks.push(chunk);
          call.pause();
          setImmediate(() => call.resume());
        },
        onEnd: () => resolve(Buffer.concat(chunks)),
        onFailure: ({ message }) => reject(new Error(message)),
      });
    });
    expect(received.equals(body)).toBe(true);
  });
});
