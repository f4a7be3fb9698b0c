import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PING, exchangeBytes, rawRequest, reasonOf, statusOf, type RawRequest } from './harness/raw.ts';
import { USER_1 } from './harness/policy.ts';
import { World } from './harness/world.ts';

let world: World;
beforeAll(async () => {
  world = await World.start({
    env: {
      ALLOWED_HOSTS: 'notes.example.org,*.tenant.example.org',
      ALLOWED_ORIGINS: 'https://app.example.org',
      EXTERNAL_BASE_URL: 'https://mcp.example.org/team-a/notes',
      STRIP_PREFIX: '/team-a/notes',
      FORWARD_HEADERS: 'X-Declared, X-Mcp-Human-Id',
    },
  });
});
afterAll(() => world.close());

async function refusal(request: RawRequest | string): Promise<[number, string | undefined]> {
  const before = world.received.length;
  const answer = await exchangeBytes(
    world.proxy.port,
    typeof request === 'string' ? request : rawRequest(request),
  );
  expect(world.received.slice(before)).toEqual([]);
  return [statusOf(answer), reasonOf(answer)];
}

describe('framing', () => {
  it('passes a plain request', async () => {
    const answer = await exchangeBytes(world.proxy.port, rawRequest());
    expect(statusOf(answer)).toBe(200);
    expect(answer).toContain('"did":"ping"');
  });

  it.each<[string, RawRequest, number, string]>([
    ['no Host', { without: ['Host'] }, 400, 'bad_request_framing'],
    ['two Hosts', { headers: ['Host: 127.0.0.1'] }, 400, 'bad_request_framing'],
    ['an absolute target', { line: 'POST http://127.0.0.1/mcp HTTP/1.1' }, 400, 'bad_request_framing'],
    ['a target without a slash', { line: 'POST mcp HTTP/1.1' }, 400, 'bad_request_framing'],
    ['a target with an authority', { line: 'POST //evil.example/mcp HTTP/1.1' }, 400, 'bad_request_framing'],
    ['an asterisk target', { line: 'POST * HTTP/1.1' }, 400, 'bad_request_framing'],
    ['dot segments', { line: 'POST /mcp/../admin HTTP/1.1' }, 400, 'bad_request_framing'],
    ['an encoded slash', { line: 'POST /mcp%2fadmin HTTP/1.1' }, 400, 'bad_request_framing'],
    ['an encoded dot', { line: 'POST /mcp/%2e%2e/admin HTTP/1.1' }, 400, 'bad_request_framing'],
    ['a backslash', { line: 'POST /mcp\\admin HTTP/1.1' }, 400, 'bad_request_framing'],
    ['HTTP/1.0', { line: 'POST /mcp HTTP/1.0' }, 400, 'bad_request_framing'],
    ['two lengths', { headers: [`Content-Length: ${PING.length}`] }, 400, 'bad_request_framing'],
    ['length and chunks', { headers: ['Transfer-Encoding: chunked'] }, 400, 'bad_request_framing'],
    [
      'another transfer coding',
      { without: ['Content-Length'], headers: ['Transfer-Encoding: gzip, chunked'], body: '0\r\n\r\n' },
      400,
      'bad_request_framing',
    ],
    [
      'chunked in another case',
      { without: ['Content-Length'], headers: ['Transfer-Encoding: Chunked'], body: '0\r\n\r\n' },
      400,
      'bad_request_framing',
    ],
    [
      'a listed hop-by-hop header',
      { headers: ['Connection: keep-alive, x-mcp-human-id'] },
      400,
      'bad_request_framing',
    ],
    ['an upgrade', { headers: ['Connection: Upgrade', 'Upgrade: h2c'] }, 400, 'bad_request_framing'],
    ['two types', { headers: ['Content-Type: text/plain'] }, 400, 'header_conflict'],
    [
      'two authorisations',
      { headers: ['Authorization: Bearer a', 'authorization: Bearer b'] },
      400,
      'header_conflict',
    ],
    [
      'two origins',
      { headers: ['Origin: http://localhost', 'Origin: http://localhost'] },
      400,
      'header_conflict',
    ],
    ['an identity twice', { headers: ['x-mcp-human-id: user-2'] }, 400, 'header_conflict'],
    [
      'a session twice',
      { headers: ['X-MCP-Agent-Session: live', 'X-MCP-Agent-Session: shy'] },
      400,
      'header_conflict',
    ],
    ['Mcp-Method twice', { headers: ['Mcp-Method: ping', 'Mcp-Method: ping'] }, 400, 'header_conflict'],
    ['Mcp-Param-X twice', { headers: ['Mcp-Param-X: 1', 'mcp-param-x: 2'] }, 400, 'header_conflict'],
    ['Mcp-Session-Id twice', { headers: ['Mcp-Session-Id: a', 'Mcp-Session-Id: b'] }, 400, 'header_conflict'],
    [
      'an identity in other bytes',
      { without: ['X-MCP-Human-ID'], headers: ['X-MCP-Human-ID: us\xe9r'] },
      400,
      'bad_request_framing',
    ],
    ['an encoded body', { headers: ['Content-Encoding: gzip'] }, 415, 'unsupported_media_type'],
    [
      'another type',
      { without: ['Content-Type'], headers: ['Content-Type: text/plain'] },
      415,
      'unsupported_media_type',
    ],
    [
      'a type that only mentions JSON',
      { without: ['Content-Type'], headers: ['Content-Type: text/plain; x=application/json'] },
      415,
      'unsupported_media_type',
    ],
    [
      'another charset',
      { without: ['Content-Type'], headers: ['Content-Type: application/json; charset=utf-16'] },
      415,
      'unsupported_media_type',
    ],
    ['no type', { without: ['Content-Type'] }, 415, 'unsupported_media_type'],
    ['no body', { body: '' }, 400, 'body_required'],
    ['another method', { line: 'PUT /mcp HTTP/1.1' }, 405, 'http_method_not_allowed'],
    ['a body with GET', { line: 'GET /mcp HTTP/1.1' }, 400, 'bad_request_framing'],
    [
      'a large body',
      { without: ['Content-Length'], headers: ['Content-Length: 99999999'] },
      413,
      'body_too_large',
    ],
    ['large headers', { headers: [`X-A: ${'x'.repeat(20_000)}`] }, 431, 'headers_too_large'],
    [
      'a bare line feed in a header',
      { headers: ['X-A: b\nX-MCP-Human-ID: user-2'] },
      400,
      'bad_request_framing',
    ],
    ['a space before a colon', { headers: ['X-A : b'] }, 400, 'bad_request_framing'],
    ['a folded header', { headers: ['X-A: b\r\n c'] }, 400, 'bad_request_framing'],
  ])('refuses %s', async (_what, request, status, reason) => {
    expect(await refusal(request)).toEqual([status, reason]);
  });

  it('refuses trailers', async () => {
    const body = `${PING.length.toString(16)}\r\n${PING}\r\n0\r\nX-MCP-Human-ID: user-2\r\n\r\n`;
    const headers = ['Transfer-Encoding: chunked', 'Trailer: X-MCP-Human-ID'];
    expect(await refusal({ without: ['Content-Length'], headers, body })).toEqual([
      400,
      'bad_request_framing',
    ]);
    const unannounced = ['Transfer-Encoding: chunked'];
    expect(await refusal({ without: ['Content-Length'], headers: unannounced, body })).toEqual([
      400,
      'bad_request_framing',
    ]);
  });

  it('takes a chunked body, and refuses one that grows too large', async () => {
    const small = `5\r\n${PING.slice(0, 5)}\r\n${(PING.length - 5).toString(16)}\r\n${PING.slice(5)}\r\n0\r\n\r\n`;
    const chunked = { without: ['Content-Length'], headers: ['Transfer-Encoding: chunked'] };
    expect(statusOf(await exchangeBytes(world.proxy.port, rawRequest({ ...chunked, body: small })))).toBe(
      200,
    );
    const piece = `10000\r\n${' '.repeat(0x10000)}\r\n`;
    expect(await refusal({ ...chunked, body: piece.repeat(70) })).toEqual([413, 'body_too_large']);
  });

  it('answers two requests on one connection each on its own', async () => {
    const answers = await exchangeBytes(
      world.proxy.port,
      rawRequest() + rawRequest({ body: PING.replace('1', '2') }),
      2,
    );
    expect(answers.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  });

  it('goes on with a connection after a small refused request', async () => {
    const answers = await exchangeBytes(
      world.proxy.port,
      rawRequest({ headers: ['Origin: null'] }) + rawRequest(),
      2,
    );
    expect(answers.match(/HTTP\/1\.1 (403|200)/g)).toEqual(['HTTP/1.1 403', 'HTTP/1.1 200']);
  });
});

describe('bytes that are no request', () => {
  it('are recorded and counted like other refusals', async () => {
    const before = world.ingest.events.length;
    expect(reasonOf(await exchangeBytes(world.proxy.port, 'HELLO\r\n\r\n'))).toBe('bad_request_framing');
    await world.until(() =>
      world.ingest.events
        .slice(before)
        .some(({ payload }) => payload.kind === 'refused' && payload.method === ''),
    );
    expect((await world.page('/metrics')).text).toMatch(
      /refused_connections_total\{reason="bad_request_framing"/,
    );
  });
});

describe('Host and Origin', () => {
  const withHost = (host: string): RawRequest => ({ without: ['Host'], headers: [`Host: ${host}`] });

  it.each([
    'localhost:1',
    '[::1]:8080',
    'notes',
    'notes.team-a.svc.cluster.local:8091',
    'NOTES.example.org',
    'mcp.example.org',
    'a.tenant.example.org',
  ])('accepts the host %s', async (host) => {
    expect(statusOf(await exchangeBytes(world.proxy.port, rawRequest(withHost(host))))).toBe(200);
  });

  it.each([
    'evil.example',
    'a.b.tenant.example.org',
    'tenant.example.org',
    'localhost.evil.example',
    'notes@evil',
    '',
    '127.0.0.1:x',
  ])('refuses the host "%s"', async (host) => {
    expect(await refusal(withHost(host))).toEqual([403, 'host_not_allowed']);
  });

  it.each(['http://localhost:3000', 'http://[::1]', 'https://app.example.org', 'https://mcp.example.org'])(
    'accepts the origin %s',
    async (origin) => {
      expect(
        statusOf(await exchangeBytes(world.proxy.port, rawRequest({ headers: [`Origin: ${origin}`] }))),
      ).toBe(200);
    },
  );

  it.each([
    'null',
    'https://evil.example',
    'https://app.example.org.evil.example',
    'http://app.example.org',
    'http://localhost@evil',
    '',
  ])('refuses the origin "%s"', async (origin) => {
    expect(await refusal({ headers: [`Origin: ${origin}`] })).toEqual([403, 'origin_not_allowed']);
  });
});

describe('what goes to the server', () => {
  it('is asked for without the public prefix, on segment boundaries', async () => {
    const paths = ['/team-a/notes/mcp?x=1', '/team-a/notes', '/team-a/notes?y', '/team-a/notesy/mcp', '/mcp'];
    const before = world.received.length;
    for (const path of paths)
      await exchangeBytes(world.proxy.port, rawRequest({ line: `POST ${path} HTTP/1.1` }));
    expect(world.received.slice(before).map(({ url }) => url)).toEqual([
      '/mcp?x=1',
      '/',
      '/?y',
      '/team-a/notesy/mcp',
      '/mcp',
    ]);
  });

  it('has the headers of the protocol, the declared ones, and no others', async () => {
    const before = world.received.length;
    await world.post(PING, {
      ...USER_1,
      'x-declared': 'yes',
      'mcp-param-region': '42.0',
      'x-forwarded-for': '1.2.3.4',
      x_mcp_human_id: 'root',
      te: 'trailers',
    });
    const names = world.received[before]?.rawHeaders
      .filter((_, at) => at % 2 === 0)
      .map((name) => name.toLowerCase());
    expect(names?.sort()).toEqual([
      'accept',
      'content-length',
      'content-type',
      'forwarded',
      'host',
      'mcp-param-region',
      'traceparent',
      'x-declared',
      'x-mcp-agent-id',
      'x-mcp-human-id',
    ]);
    expect(world.received[before]?.headers['mcp-param-region']).toBe('42.0');
  });
});

describe('JSON and envelope', () => {
  it.each<[string, string, number]>([
    ['{"jsonrpc":"2.0","id":1,"method":"ping"', 'invalid_json', -32700],
    ['{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}', 'duplicate_key', -32700],
    ['{"jsonrpc":"2.0","id":1,"method":"ping","Method":"x"}', 'case_variant_key', -32700],
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', 'batch_not_supported', -32600],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', 'invalid_envelope', -32600],
    ['{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}', 'invalid_envelope', -32600],
    ['{"jsonrpc":"2.0","id":1,"result":{}}', 'unexpected_response', -32600],
  ])('refuses %s with 400', async (body, reason, code) => {
    const before = world.received.length;
    const answer = await world.post(body);
    expect(answer).toMatchObject({ status: 400, json: { error: { code, data: { reason } } } });
    expect(world.received).toHaveLength(before);
  });
});

describe('Mcp-* headers of a modern request', () => {
  const version = '2026-07-28';
  const body = (name = 'read_note') => ({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name, _meta: { 'io.modelcontextprotocol/protocolVersion': version } },
  });
  const right = {
    ...USER_1,
    'mcp-protocol-version': version,
    'mcp-method': 'tools/call',
    'mcp-name': 'read_note',
  };
  const base64 = (text: string) => `=?base64?${Buffer.from(text).toString('base64')}?=`;

  it('pass where they agree with the body, plain or in Base64', async () => {
    expect((await world.post(body(), right)).json.result).toBeDefined();
    expect(
      (await world.post(body(), { ...right, 'mcp-name': base64('read_note') })).json.result,
    ).toBeDefined();
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['another version', { 'mcp-protocol-version': '2025-11-25' }],
    ['another method', { 'mcp-method': 'tools/list' }],
    ['another name', { 'mcp-name': 'delete_note' }],
    ['another name in Base64', { 'mcp-name': base64('delete_note') }],
    ['malformed Base64', { 'mcp-name': '=?base64?@@?=' }],
    ['unpadded Base64', { 'mcp-name': base64('read_note').replace(/=*\?=$/, '?=') + '=' }],
    ['Base64 inside of Base64', { 'mcp-name': base64(base64('read_note')) }],
    ['Base64 of broken UTF-8', { 'mcp-name': `=?base64?${Buffer.from([0xff]).toString('base64')}?=` }],
    ['an over-long value', { 'mcp-name': base64('x'.repeat(5000)) }],
  ])('are refused with -32020 for %s', async (_what, wrong) => {
    const before = world.received.length;
    const answer = await world.post(body(), { ...right, ...wrong });
    expect(answer).toMatchObject({
      status: 400,
      json: { id: 1, error: { code: -32020, data: { reason: 'header_mismatch' } } },
    });
    expect(world.received).toHaveLength(before);
  });

  it.each(['mcp-protocol-version', 'mcp-method', 'mcp-name'])(
    'are refused where %s is missing',
    async (name) => {
      const headers = Object.fromEntries(Object.entries(right).filter(([key]) => key !== name));
      expect((await world.post(body(), headers)).json.error?.code).toBe(-32020);
    },
  );

  it('are refused where the body does not state the version that they state', async () => {
    const legacy = { jsonrpc: '2.0', id: 1, method: 'ping' };
    const claimed = await world.post(legacy, { ...USER_1, 'mcp-protocol-version': version });
    expect(claimed).toMatchObject({
      status: 400,
      json: { id: 1, error: { code: -32602, data: { reason: 'missing_request_meta' } } },
    });
    expect(
      (await world.post(legacy, { ...USER_1, 'mcp-protocol-version': '2025-11-25' })).json.result,
    ).toBeDefined();
    expect((await world.post(legacy, { ...USER_1, 'mcp-method': 'tools/list' })).json.error?.code).toBe(
      -32020,
    );
  });
});
