import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PING, exchangeBytes, rawRequest, reasonOf, statusOf, type RawRequest } from '../harness/raw.ts';
import { policyContent } from '../harness/policy.ts';
import { World } from '../harness/world.ts';
import { SMUGGLED, answersTo, expectRefused, recordsOf, type Attempt } from './attempts.ts';

let world: World;
beforeAll(async () => {
  world = await World.start({
    env: { ALLOWED_ORIGINS: 'https://app.example.org', FORWARD_HEADERS: 'X-Tenant, X-MCP-Human-ID' },
  });
});
afterAll(() => world.close());

const refused =
  (status: number, reason: string) =>
  ([what, send]: readonly [string, RawRequest]): Attempt => ({ what, send, answer: [status, reason] });

const withHost = (...hosts: readonly string[]): RawRequest => ({
  without: ['Host'],
  headers: hosts.map((host) => `Host: ${host}`),
});
const withOrigin = (...origins: readonly string[]): RawRequest => ({
  headers: origins.map((origin) => `Origin: ${origin}`),
});

describe('attack 24: credentials that leak', () => {
  it('from the caller do not reach the server', async () => {
    const before = world.received.length;
    const headers = [
      'Authorization: Bearer a',
      'Proxy-Authorization: Basic b',
      'Cookie: c=d',
      'X-Api-Key: e',
    ];
    expect(statusOf(await exchangeBytes(world.proxy.port, rawRequest({ headers })))).toBe(200);
    const names = Object.keys(world.received[before]?.headers ?? {});
    for (const name of ['authorization', 'proxy-authorization', 'cookie', 'x-api-key']) {
      expect(names).not.toContain(name);
    }
  });

  it('from the server do not reach the caller, who is sent nowhere either', async () => {
    const leaky = await World.start({
      upstream: (request, response) => {
        request.resume();
        response.writeHead(request.method === 'POST' ? 401 : 307, {
          'www-authenticate': 'Bearer resource_metadata="http://evil.example/"',
          'set-cookie': 'a=b',
          location: 'http://evil.example/',
          'access-control-allow-origin': '*',
        });
        response.end();
      },
    });
    try {
      for (const method of ['POST', 'GET']) {
        const answer = await leaky.send(method, method === 'POST' ? PING : '', {
          'x-mcp-human-id': 'user-1',
          'content-type': 'application/json',
        });
        expect(Object.keys(answer.headers).sort()).toEqual(
          expect.not.arrayContaining([
            'www-authenticate',
            'set-cookie',
            'location',
            'access-control-allow-origin',
          ]),
        );
        expect(answer.text).not.toContain('evil');
      }
      expect(leaky.received).toHaveLength(2);
    } finally {
      await leaky.close();
    }
  });
});

describe('attack 26: a page that calls from a browser', () => {
  it('is refused by Host and Origin, whatever trick they are', async () => {
    await expectRefused(world, [
      ...(
        [
          ['a rebound name', withHost('evil.example')],
          ['a name that ends in ours', withHost('localhost.evil.example')],
          ['a name with ours as user', withHost('localhost@evil.example')],
          ['an address in decimal', withHost('2130706433')],
          ['an address of v4 in v6', withHost('[::ffff:127.0.0.1]')],
          ['a list', withHost('127.0.0.1, evil.example')],
          ['nothing', withHost('')],
        ] as const
      ).map(refused(403, 'host_not_allowed')),
      ...(
        [
          ['null', withOrigin('null')],
          ['nothing', withOrigin('')],
          ['another site', withOrigin('https://evil.example')],
          ['a site that begins as ours', withOrigin('https://app.example.org.evil.example')],
          ['ours without its s', withOrigin('http://app.example.org')],
          ['a list with ours', withOrigin('https://app.example.org https://evil.example')],
          ['ours as user', withOrigin('https://app.example.org@evil.example')],
          ['a file', withOrigin('file://')],
        ] as const
      ).map(refused(403, 'origin_not_allowed')),
      refused(400, 'bad_request_framing')(['two Hosts', withHost('127.0.0.1', 'evil.example')]),
      refused(
        400,
        'header_conflict',
      )(['two Origins', withOrigin('https://app.example.org', 'https://evil.example')]),
    ]);
  });

  it('gets nothing that would let it read an answer, not for a preflight either', async () => {
    await expectRefused(world, [
      refused(
        405,
        'http_method_not_allowed',
      )([
        'a preflight',
        {
          line: 'OPTIONS /mcp HTTP/1.1',
          ...withOrigin('https://app.example.org'),
          without: ['Content-Length'],
          body: '',
        },
      ]),
    ]);
    const answer = await exchangeBytes(world.proxy.port, rawRequest(withOrigin('https://app.example.org')));
    expect(statusOf(answer)).toBe(200);
    expect(answer.toLowerCase()).not.toContain('access-control-');
  });

  it('reaches a server that is told its own name as Host, and the name that was called in Forwarded', async () => {
    const before = world.received.length;
    await exchangeBytes(world.proxy.port, rawRequest(withHost('localhost:1234')));
    expect(world.received[before]?.headers.host).not.toContain('1234');
    expect(world.received[before]?.headers.forwarded).toContain('host="localhost:1234"');
  });
});

describe('attack 27: two readers see two requests', () => {
  const chunked = (...lines: readonly string[]): RawRequest => ({
    without: ['Content-Length'],
    headers: ['Transfer-Encoding: chunked'],
    body: lines.join('\r\n'),
  });
  const CHUNK = `${PING.length.toString(16)}\r\n${PING}`;
  const encoded = (...headers: readonly string[]): RawRequest => ({
    ...chunked(CHUNK, '0', '', ''),
    headers,
  });
  const ambiguous: readonly (readonly [string, RawRequest])[] = [
    ['a length and chunks', { headers: ['Transfer-Encoding: chunked'], body: `0\r\n\r\n${SMUGGLED}` }],
    ['chunks and a length', { ...encoded('Transfer-Encoding: chunked', 'Content-Length: 4') }],
    ['two lengths', { headers: ['Content-Length: 0'] }],
    ['the same length twice', { headers: [`Content-Length: ${PING.length}`] }],
    ['a list of lengths', { without: ['Content-Length'], headers: ['Content-Length: 40, 40'] }],
    ['a signed length', { without: ['Content-Length'], headers: ['Content-Length: +40'] }],
    ['a length in hex', { without: ['Content-Length'], headers: ['Content-Length: 0x28'] }],
    ['an endless length', { without: ['Content-Length'], headers: ['Content-Length: 18446744073709551656'] }],
    ['chunked twice', encoded('Transfer-Encoding: chunked', 'Transfer-Encoding: chunked')],
    ['chunked, then identity', encoded('Transfer-Encoding: chunked', 'Transfer-Encoding: identity')],
    ['chunked in a list', encoded('Transfer-Encoding: identity, chunked')],
    ['chunked before another coding', encoded('Transfer-Encoding: chunked, gzip')],
    ['chunked in another case', encoded('Transfer-Encoding: CHUNKED')],
    ['chunked in quotes', encoded('Transfer-Encoding: "chunked"')],
    ['chunked behind a control character', encoded('Transfer-Encoding: \x0bchunked')],
    ['chunked before a control character', encoded('Transfer-Encoding: chunked\x0c')],
    ['a blank before the colon', encoded('Transfer-Encoding : chunked')],
    ['a folded coding', encoded('Transfer-Encoding:\r\n chunked')],
    ['a bare carriage return', { headers: ['X-A: b\rTransfer-Encoding: chunked'] }],
    ['a bare line feed', { headers: ['X-A: b\nTransfer-Encoding: chunked'] }],
    ['a NUL', { headers: ['X-A: b\0c'] }],
    ['a name with a blank', { headers: ['X A: b'] }],
    ['a line without a colon', { headers: ['Transfer-Encoding'] }],
    ['a folded line', { headers: ['X-A: b\r\n\tc'] }],
    ['a chunk size with a sign', chunked(`+${CHUNK}`, '0', '', '')],
    ['a chunk size in 0x', chunked(`0x${CHUNK}`, '0', '', '')],
    ['an endless chunk size', chunked(`10000000000000028\r\n${PING}`, '0', '', '')],
    ['a chunk that ends early', chunked(`${(PING.length - 2).toString(16)}\r\n${PING}`, '0', '', '')],
    ['a chunk ended by a bare line feed', chunked(`${PING.length.toString(16)}\n${PING}`, '0', '', '')],
    ['a trailer', chunked(CHUNK, '0', 'X-MCP-Human-ID: user-2', '', '')],
    ['a trailer that frames', chunked(CHUNK, '0', 'Content-Length: 3', '', '')],
    ['a header that Connection lists', { headers: ['Connection: close, X-MCP-Human-ID'] }],
    ['a length that Connection lists', { headers: ['Connection: Content-Length'] }],
    [
      'an upgrade to HTTP/2',
      { headers: ['Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AA'] },
    ],
    ['an upgrade to a socket', { headers: ['Connection: Upgrade', 'Upgrade: websocket'] }],
    ['an absolute target', { line: 'POST http://evil.example/mcp HTTP/1.1' }],
    ['a target with an authority', { line: 'POST //evil.example/mcp HTTP/1.1' }],
    ['a target with a fragment', { line: 'POST /mcp#/admin HTTP/1.1' }],
    ['a target with a tab', { line: 'POST /mcp\t/admin HTTP/1.1' }],
    ['a target in other bytes', { line: 'POST /mcp/\xc0\xae\xc0\xae HTTP/1.1' }],
    ['HTTP/1.0', { line: 'POST /mcp HTTP/1.0' }],
    ['HTTP/1.2', { line: 'POST /mcp HTTP/1.2' }],
    ['HTTP/2.0', { line: 'POST /mcp HTTP/2.0' }],
    ['HTTP/0.9', { line: 'POST /mcp' }],
    ['another expectation', { headers: ['Expect: 200-ok'] }],
    ['two expectations', { headers: ['Expect: 100-continue, x'] }],
    ['CONNECT', { line: 'CONNECT evil.example:443 HTTP/1.1' }],
    [
      'the first bytes of HTTP/2',
      {
        line: 'PRI * HTTP/2.0',
        without: ['Host', 'Content-Type', 'Content-Length', 'X-MCP-Human-ID'],
        body: 'SM\r\n\r\n',
      },
    ],
    ['a GET with a body', { line: 'GET /mcp HTTP/1.1' }],
  ];

  it('is refused, and whoever sent it may not go on', async () => {
    await expectRefused(world, ambiguous.map(refused(400, 'bad_request_framing')));
    const before = world.received.length;
    const answers: [string, number][] = [];
    for (const [what, request] of ambiguous) {
      answers.push([what, await answersTo(world, rawRequest(request) + SMUGGLED)]);
    }
    expect(answers.filter(([, count]) => count !== 1)).toEqual([]);
    expect(world.received.slice(before)).toEqual([]);
  });

  it('a header that only looks like a length is none', async () => {
    await expectRefused(world, [
      refused(
        400,
        'body_required',
      )([
        'a length with an underscore',
        { without: ['Content-Length'], headers: ['Content_Length: 40'], body: '' },
      ]),
    ]);
  });

  it('what passes is framed anew by the proxy, with one length and nothing else', async () => {
    const before = world.received.length;
    const extension = chunked(`${PING.length.toString(16)};a="b"\r\n${PING}`, '0', '', '');
    for (const request of [{}, chunked(CHUNK, '0', '', ''), extension]) {
      expect(statusOf(await exchangeBytes(world.proxy.port, rawRequest(request)))).toBe(200);
    }
    for (const { rawHeaders, body } of world.received.slice(before)) {
      const names = rawHeaders.filter((_, at) => at % 2 === 0).map((name) => name.toLowerCase());
      expect(names.filter((name) => name === 'content-length' || name === 'host')).toHaveLength(2);
      expect(names).not.toContain('transfer-encoding');
      expect(names).not.toContain('connection');
      expect(body).toBe(PING);
    }
    expect(world.received.length - before).toBe(3);
  });

  it('leave to send a body is given to callers who are known, and to nobody else', async () => {
    const expecting = { headers: ['Expect: 100-continue'] };
    const known = await exchangeBytes(world.proxy.port, rawRequest(expecting), 2);
    expect(known).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200/);
    const stranger = await exchangeBytes(
      world.proxy.port,
      rawRequest({ ...expecting, without: ['X-MCP-Human-ID'] }),
      Infinity,
    );
    expect([statusOf(stranger), reasonOf(stranger)]).toEqual([401, 'missing_identity']);
  });
});

describe('attack 28: headers that only we may set', () => {
  const FORGED = [
    'X-MCP-Agent-ID: admin',
    'X_MCP_Human_ID: admin',
    'X-MCP-Human_ID: admin',
    'X-Forwarded-For: 10.0.0.1',
    'X-Forwarded-User: admin',
    'X-Real-IP: 10.0.0.1',
    'Forwarded: for=10.0.0.1;host=evil.example',
    'X-MCP-Verified-SPIFFE-ID: spiffe://a/ns/b/session/c',
    'X-Forwarded-Client-Cert: Hash=1',
    'Mcp_Method: tools/call',
    'X-HTTP-Method-Override: DELETE',
    'X-Original-URL: /admin',
    'X-Policy-Revision: 1',
    'X-Tenant: declared',
  ];

  it('do not reach the server, but for those that its owner declares', async () => {
    const before = world.received.length;
    const records = await recordsOf(world, () =>
      exchangeBytes(world.proxy.port, rawRequest({ headers: FORGED })),
    );
    const { headers = {} } = world.received[before] ?? {};
    expect(Object.keys(headers).sort()).toEqual([
      'content-length',
      'content-type',
      'forwarded',
      'host',
      'traceparent',
      'x-mcp-agent-id',
      'x-mcp-human-id',
      'x-tenant',
    ]);
    expect(headers).toMatchObject({ 'x-mcp-human-id': 'user-1', 'x-mcp-agent-id': 'admin' });
    expect(headers.forwarded).toMatch(/^for=127\.0\.0\.1;host="127\.0\.0\.1";proto=http$/);
    expect(records).toMatchObject([{ human_id: 'user-1', agent_id: 'admin', assurance: 'asserted' }]);
  });

  it('an identity that is sent twice, in two cases, or in other bytes is nobody’s', async () => {
    await expectRefused(world, [
      refused(400, 'header_conflict')(['twice', { headers: ['X-MCP-Human-ID: user-2'] }]),
      refused(400, 'header_conflict')(['in two cases', { headers: ['x-mcp-human-id: user-2'] }]),
      refused(400, 'header_conflict')(['and empty', { headers: ['X-Mcp-Human-Id:'] }]),
      refused(400, 'bad_request_framing')(['in Latin-1', { headers: ['X-MCP-Team-ID: \xe9'] }]),
      refused(400, 'bad_request_framing')(['endless', { headers: [`X-MCP-Team-ID: ${'x'.repeat(300)}`] }]),
    ]);
  });

  it('name nobody where the server identifies nobody', async () => {
    await world.setPolicy({ auth: { ...policyContent().auth, mode: 'none' } });
    const before = world.received.length;
    const records = await recordsOf(world, () =>
      exchangeBytes(world.proxy.port, rawRequest({ headers: FORGED })),
    );
    const { headers = {} } = world.received[before] ?? {};
    expect(Object.keys(headers).filter((name) => name.startsWith('x-mcp'))).toEqual([]);
    expect(records).toMatchObject([{ assurance: 'anonymous' }]);
    expect(records[0]).not.toHaveProperty('human_id');
    await world.setPolicy({});
  });
});
