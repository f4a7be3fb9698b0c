import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '#runtime/process/clock.ts';
import type { Departure } from '#runtime/proxy/departures.ts';
import { LeanUpstream } from '#runtime/proxy/upstream/lean-upstream.ts';
import { UndiciUpstream } from '#runtime/proxy/upstream/undici-upstream.ts';
import type { Upstream, UpstreamLimits } from '#runtime/proxy/upstream/upstream.ts';
import { POST, collect, type Collected } from './collect.ts';
import { startRawServer, type RawServer, type Script } from './raw-server.ts';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const ended: (() => Promise<void> | void)[] = [];

async function serve(script: Script): Promise<RawServer> {
  const server = await startRawServer(script);
  ended.push(() => server.close());
  return server;
}

function lean(origin: URL, limits: Partial<UpstreamLimits> = {}): LeanUpstream {
  const upstream = new LeanUpstream({ origin, clock: systemClock, limits });
  ended.push(() => upstream.close());
  return upstream;
}

function undici(origin: URL, limits: Partial<UpstreamLimits> = {}): UndiciUpstream {
  const upstream = new UndiciUpstream(origin, limits);
  ended.push(() => upstream.close());
  return upstream;
}

const answering =
  (...pieces: string[]): Script =>
  (socket) => {
    for (const piece of pieces) socket.write(piece, 'latin1');
  };

afterEach(async () => {
  for (const end of ended.splice(0).reverse()) await end();
});

describe.each<[string, (origin: URL, limits?: Partial<UpstreamLimits>) => Upstream]>([
  ['LeanUpstream', lean],
  ['UndiciUpstream', undici],
])('%s', (_name, create) => {
  it('sends method, path, headers and body unchanged, with the server’s own authority as Host', async () => {
    const server = await serve(answering(OK));
    const result = await collect(create(server.origin));
    expect(result).toMatchObject({ status: 200, body: 'ok' });
    const request = Buffer.from(server.requests[0] ?? '', 'latin1').toString();
    expect(request).toMatch(/^POST \/mcp\?a=b HTTP\/1\.1\r\n/);
    expect(request.toLowerCase()).toContain(`host: ${server.origin.host}\r\n`);
    expect(request).toMatch(/content-length: 10\r\n/i);
    expect(request.endsWith('\r\n\r\n{"x":"é"}')).toBe(true);
  });

  it('reads chunked bodies and interim responses', async () => {
    const server = await serve(
      answering(
        'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n',
        'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1',
        '0\r\n0123456789abcdef\r\n0\r\n\r\n',
      ),
    );
    expect(await collect(create(server.origin))).toMatchObject({ status: 200, body: 'abc0123456789abcdef' });
  });

  it('says upstream_unavailable where nobody listens', async () => {
    const server = await serve(answering(OK));
    await server.close();
    expect(await collect(create(server.origin))).toMatchObject({ failure: 'upstream_unavailable' });
  });

  it.each<[string, Script]>([
    ['before the head', (socket) => socket.destroy()],
    ['inside the head', (socket) => socket.end('HTTP/1.1 200 OK\r\nConte')],
    ['inside the body', (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab')],
    [
      'inside a chunk',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab'),
    ],
  ])('says upstream_lost and asks only once when the connection closes %s', async (_where, script) => {
    const server = await serve(script);
    const result = await collect(create(server.origin));
    expect(result).toMatchObject({ failure: 'upstream_lost' });
    expect(server.requests).toHaveLength(1);
  });

  it('stops reading while paused and goes on after', async () => {
    const piece = 'x'.repeat(64 * 1024);
    const server = await serve((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${64 * piece.length}\r\n\r\n`);
      for (let count = 0; count < 64; count += 1) socket.write(piece);
    });
    const received = await new Promise<{ whilePaused: number; total: number }>((resolve) => {
      let total = 0;
      let whilePaused = -1;
      const call = create(server.origin).send(POST, {
        onHead: () => undefined,
        onData: (chunk) => {
          total += chunk.length;
          if (whilePaused !== -1) return;
          whilePaused = 0;
          call.pause();
          const before = total;
          setTimeout(() => {
            whilePaused = total - before;
            call.resume();
          }, 100);
        },
        onEnd: () => resolve({ whilePaused, total }),
        onFailure: () => resolve({ whilePaused, total: -1 }),
      });
    });
    expect(received.total).toBe(64 * piece.length);
    expect(received.whilePaused).toBeLessThan(2 * 1024 * 1024);
  });

  it('closes the connection of an aborted call and tells its handler nothing more', async () => {
    const closed = Promise.withResolvers<undefined>();
    const server = await serve((socket) => {
      socket.on('close', () => closed.resolve(undefined));
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc');
    });
    const heard: string[] = [];
    const call = create(server.origin).send(POST, {
      onHead: () => heard.push('head'),
      onData: () => {
        heard.push('data');
        call.abort();
      },
      onEnd: () => heard.push('end'),
      onFailure: () => heard.push('failure'),
    });
    await closed.promise;
    await delay(20);
    expect(heard).toEqual(['head', 'data']);
  });
});

describe('LeanUpstream, stricter than HTTP', () => {
  const chunked = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';

  it.each<[string, string]>([
    ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['no status', 'HTTP/1.1 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['a bare line feed', 'HTTP/1.1 200 OK\nContent-Length: 2\r\n\r\nok'],
    ['a bare line feed between headers', 'HTTP/1.1 200 OK\r\nA: b\nContent-Length: 2\r\n\r\nok'],
    ['a folded header', 'HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\nok'],
    ['a space before the colon', 'HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\nok'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok'],
    ['a blank after the length', 'HTTP/1.1 200 OK\r\nContent-Length: 2 \r\n\r\nok'],
    ['a length list', 'HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok'],
    ['a signed length', 'HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok'],
    [
      'length and chunks',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['another transfer coding', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n'],
    ['no framing', 'HTTP/1.1 200 OK\r\n\r\n'],
    ['a body with 204', 'HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\nok'],
    ['101', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
    ['endless interim responses', `${'HTTP/1.1 102 Processing\r\n\r\n'.repeat(9)}${OK}`],
    ['a chunk extension', `${chunked}2;a=b\r\nok\r\n0\r\n\r\n`],
    ['a chunk size with a sign', `${chunked}+2\r\nok\r\n0\r\n\r\n`],
    ['a chunk size with 0x', `${chunked}0x2\r\nok\r\n0\r\n\r\n`],
    ['an empty chunk size', `${chunked}\r\nok\r\n0\r\n\r\n`],
    ['a chunk longer than it says', `${chunked}2\r\nokay\r\n0\r\n\r\n`],
    ['a bare line feed after a chunk size', `${chunked}2\nok\r\n0\r\n\r\n`],
    ['a trailer', `${chunked}2\r\nok\r\n0\r\nX: y\r\n\r\n`],
    ['a head without end', `HTTP/1.1 200 OK\r\nA: ${'x'.repeat(40_000)}`],
    ['too many headers', `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(200)}Content-Length: 2\r\n\r\nok`],
  ])('refuses %s', async (_what, answer) => {
    const server = await serve(answering(answer));
    expect(await collect(lean(server.origin))).toMatchObject({ failure: 'upstream_invalid' });
  });

  it('uses one connection for calls after each other, several for calls at once', async () => {
    const server = await serve(answering(OK));
    const upstream = lean(server.origin);
    for (let call = 0; call < 3; call += 1) await collect(upstream);
    expect(server.connectionCount()).toBe(1);
    await Promise.all([collect(upstream), collect(upstream)]);
    expect(server.connectionCount()).toBe(2);
  });

  it('passes over interim responses, a few of them', async () => {
    const server = await serve(answering(`${'HTTP/1.1 100 Continue\r\n\r\n'.repeat(8)}${OK}`));
    expect(await collect(lean(server.origin))).toMatchObject({ status: 200, body: 'ok' });
  });

  it('delivers an answer that bytes follow, and never uses that connection again', async () => {
    const server = await serve(answering(`${OK}HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged`));
    const upstream = lean(server.origin);
    expect(await collect(upstream)).toMatchObject({ body: 'ok' });
    expect(await collect(upstream)).toMatchObject({ body: 'ok' });
    expect(server.connectionCount()).toBe(2);
  });

  it('drops an idle connection on which bytes come', async () => {
    const server = await serve((socket) => {
      socket.write(OK);
      setTimeout(() => socket.write(OK.replace('ok', 'no')), 20);
    });
    const upstream = lean(server.origin);
    expect(await collect(upstream)).toMatchObject({ body: 'ok' });
    await delay(100);
    expect(await collect(upstream)).toMatchObject({ body: 'ok' });
    expect(server.connectionCount()).toBe(2);
  });

  it('opens a new connection where the server said it closes, or soon will', async () => {
    const server = await serve(
      answering('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'),
    );
    const upstream = lean(server.origin);
    await collect(upstream);
    await collect(upstream);
    expect(server.connectionCount()).toBe(2);
    const impatient = await serve(
      answering('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok'),
    );
    const second = lean(impatient.origin);
    await collect(second);
    await collect(second);
    expect(impatient.connectionCount()).toBe(2);
  });

  it('replaces a connection that the server closed while it was idle', async () => {
    const server = await serve((socket) => void socket.end(OK));
    const upstream = lean(server.origin);
    expect(await collect(upstream)).toMatchObject({ body: 'ok' });
    await delay(50);
    expect(await collect(upstream)).toMatchObject({ body: 'ok' });
    expect(server.connectionCount()).toBe(2);
  });

  it.each<[string, Script]>([
    ['closes', (socket) => void socket.end(OK)],
    [
      'goes on speaking',
      (socket) => {
        socket.write(OK);
        setTimeout(() => socket.write('more'), 20);
      },
    ],
  ])('says upstream_unavailable of what was not yet written when the server %s', async (_what, script) => {
    const server = await serve(script);
    const ready: Departure[] = [];
    const upstream = new LeanUpstream({
      origin: server.origin,
      clock: systemClock,
      departures: { add: (departure) => ready.push(departure) },
    });
    ended.push(() => upstream.close());
    const later: Promise<Collected>[] = [];
    await new Promise<void>((resolve) => {
      const nothing = (): void => undefined;
      // In the turn in which its connection is free again.
      const onEnd = (): void => {
        later.push(collect(upstream));
        resolve();
      };
      upstream.send(POST, { onHead: nothing, onData: nothing, onEnd, onFailure: nothing });
    });
    expect(await Promise.all(later)).toMatchObject([{ failure: 'upstream_unavailable' }]);
    for (const each of ready) each.depart?.();
    expect(server.requests).toHaveLength(1);
  });

  it('sends nothing of a call that is aborted before it was written', async () => {
    const server = await serve(answering(OK));
    const upstream = lean(server.origin);
    await collect(upstream);
    const heard: string[] = [];
    const call = upstream.send(POST, {
      onHead: () => heard.push('head'),
      onData: () => heard.push('data'),
      onEnd: () => heard.push('end'),
      onFailure: () => heard.push('failure'),
    });
    call.abort();
    expect(await collect(upstream)).toMatchObject({ body: 'ok' });
    expect([heard, server.requests.length]).toEqual([[], 2]);
  });

  it('says upstream_timeout when no answer begins, and when one stops', async () => {
    const silent = await serve(() => undefined);
    expect(await collect(lean(silent.origin, { headTimeoutMs: 50 }))).toMatchObject({
      failure: 'upstream_timeout',
    });
    const stopping = await serve(answering('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'));
    expect(await collect(lean(stopping.origin, { idleTimeoutMs: 50 }))).toMatchObject({
      failure: 'upstream_timeout',
    });
  });

  it('refuses to send a header with a line break', async () => {
    const server = await serve(answering(OK));
    const request = { ...POST, headers: ['x', 'a\r\nx-mcp-human-id: root'] };
    expect(() =>
      lean(server.origin).send(request, { onHead() {}, onData() {}, onEnd() {}, onFailure() {} }),
    ).toThrow(TypeError);
    expect(server.requests).toEqual([]);
  });
});

describe('LeanUpstream against undici', () => {
  /** A well-formed response, and where it is cut into packets. */
  const response = fc.record({
    status: fc.constantFrom(200, 202, 204, 304, 400, 404, 500),
    headers: fc.uniqueArray(
      fc.tuple(
        fc.constantFrom('Content-Type', 'Mcp-Session-Id', 'X-A', 'Date'),
        fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/),
      ),
      { selector: ([name]) => name, maxLength: 4 },
    ),
    body: fc.array(fc.string({ unit: 'grapheme', maxLength: 40 }), { maxLength: 4 }),
    chunked: fc.boolean(),
    cuts: fc.array(fc.nat({ max: 400 }), { maxLength: 4 }),
  });

  it('reads the same from every well-formed response, however it is cut', async () => {
    let bytes: Buffer[] = [];
    const server = await serve((socket) => {
      let chain = Promise.resolve();
      for (const piece of bytes) {
        chain = chain.then(
          () =>
            new Promise((resolve) => {
              socket.write(piece, () => setImmediate(resolve));
            }),
        );
      }
    });
    const [ours, oracle] = [lean(server.origin), undici(server.origin)];
    await fc.assert(
      fc.asyncProperty(response, async ({ status, headers, body, chunked, cuts }) => {
        const whole = Buffer.from(responseText(status, headers, body, chunked));
        const at = [0, ...cuts.map((cut) => cut % whole.length).sort((a, b) => a - b), whole.length];
        bytes = at.slice(1).map((end, index) => whole.subarray(at[index], end));
        const [mine, theirs] = [await collect(ours), await collect(oracle)];
        expect(mine).toEqual(theirs);
        expect(mine).toMatchObject({ status });
      }),
      { numRuns: 150 },
    );
  });

  it('accepts nothing that undici refuses', async () => {
    let answer = '';
    const server = await serve((socket) => void socket.end(answer, 'latin1'));
    const mutation = fc.record({
      at: fc.nat({ max: 120 }),
      remove: fc.nat({ max: 2 }),
      insert: fc.constantFrom(
        '',
        '\r',
        '\n',
        '\r\n',
        ' ',
        ':',
        '\0',
        '1',
        'f',
        'Content-Length: 3\r\n',
        '\x7f',
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.boolean(), mutation, async (chunked, { at, remove, insert }) => {
        const text = responseText(200, [['Content-Type', 'a/b']], ['abc', 'de'], chunked);
        const position = at % text.length;
        answer = text.slice(0, position) + insert + text.slice(position + remove);
        const mine = await collect(lean(server.origin));
        if ('failure' in mine) return;
        expect(await collect(undici(server.origin))).toMatchObject({ status: mine.status, body: mine.body });
      }),
      { numRuns: 150 },
    );
  });

  function responseText(
    status: number,
    headers: readonly (readonly [string, string])[],
    body: readonly string[],
    chunked: boolean,
  ): string {
    const head = `HTTP/1.1 ${status} X\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}`;
    if (status === 204 || status === 304) return `${head}\r\n`;
    if (!chunked) {
      return `${head}Content-Length: ${Buffer.byteLength(body.join(''))}\r\n\r\n${body.join('')}`;
    }
    const chunks = body
      .filter((chunk) => chunk !== '')
      .map((chunk) => `${Buffer.byteLength(chunk).toString(16)}\r\n${chunk}\r\n`);
    return `${head}Transfer-Encoding: chunked\r\n\r\n${chunks.join('')}0\r\n\r\n`;
  }
});
