// Generators of requests whose head says two things: lines that occur twice, fold, lie about where the body ends.
import fc from 'fast-check';
import { PING } from '../harness/raw.ts';

const CHUNKED = 'Transfer-Encoding: chunked';
const CHUNKED_BODY = `${PING.length.toString(16)}\r\n${PING}\r\n0\r\n\r\n`;

const line = fc.constantFrom(
  ...Array<string>(12).fill('POST /mcp HTTP/1.1'),
  'POST /mcp?x=%2e%2e HTTP/1.1',
  'post /mcp HTTP/1.1',
  'GET /mcp HTTP/1.1',
  'POST http://127.0.0.1/mcp HTTP/1.1',
  'POST //mcp HTTP/1.1',
  'POST /mcp/./x HTTP/1.1',
  'POST /mcp HTTP/1.0',
  'POST  /mcp HTTP/1.1',
  'POST /mcp\tHTTP/1.1',
);

/** Lines that are there once, as a rule. */
const USUAL: readonly (readonly string[])[] = [
  ['Host: 127.0.0.1', 'host:127.0.0.1', 'HOST: \t127.0.0.1 \t', 'Host: localhost:80', 'Host: evil.example'],
  [
    'Content-Type: application/json',
    'content-type:application/json; charset=utf-8',
    'Content-Type: text/json',
  ],
  [
    'X-MCP-Human-ID: user-1',
    'x-mcp-human-id:   user-1  ',
    'X-MCP-Human-ID: user-2',
    'X-MCP-Human-ID: us\xe9r',
  ],
];

const ODD = [
  'Host: 127.0.0.1',
  'Host: evil.example',
  'Authorization: Bearer a',
  'authorization: Bearer b',
  'Mcp-Method: ping',
  'mcp-method: tools/call',
  'Mcp-Name: a',
  'MCP-Protocol-Version: 2025-11-25',
  'Mcp-Session-Id: s1',
  'mcp-session-id: s2',
  'Mcp-Param-X: 1',
  'Origin: http://localhost',
  'Origin: http://evil.example',
  'X-MCP-Human-ID: user-2',
  'X_MCP_Human_ID: user-2',
  'X-MCP-Agent-Session: live',
  'Content-Length: 40',
  'Content-Length: 4',
  'Content-Length: +40',
  'Content-Length: 40, 40',
  'Content_Length: 3',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: Chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding:\r\n chunked',
  'Transfer-Encoding: \x0bchunked',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: X-MCP-Human-ID',
  'Expect: 100-continue',
  'Upgrade: h2c',
  'Content-Encoding: gzip',
  'TE: trailers',
  'X-A: b',
  'X-A: b\r\n folded: c',
  'X-A: b\nX-MCP-Human-ID: user-2',
  'X-A: b\rX-MCP-Human-ID: user-2',
  'X-A: \0',
  ' X-A: b',
  'X A: b',
  ': b',
  'X-A',
  '',
];

const usual = fc.tuple(
  ...USUAL.map((spellings) =>
    fc.oneof(
      { arbitrary: fc.constant(spellings[0] ?? ''), weight: 8 },
      { arbitrary: fc.constantFrom(...spellings), weight: 2 },
      { arbitrary: fc.constant(undefined), weight: 1 },
    ),
  ),
);

const framing: fc.Arbitrary<readonly string[]> = fc.oneof(
  { arbitrary: fc.constant([`Content-Length: ${PING.length}`]), weight: 6 },
  { arbitrary: fc.constant([CHUNKED]), weight: 4 },
  { arbitrary: fc.constant([]), weight: 1 },
);

const end = fc.oneof(
  { arbitrary: fc.constant('\r\n'), weight: 10 },
  { arbitrary: fc.constantFrom('\n', '\r', '\r\r\n', '\r\n\r\n'), weight: 1 },
);

/** The bytes of a request, in Latin-1. */
export const hostileRequest: fc.Arbitrary<string> = fc
  .record({
    line,
    usual,
    framing,
    odd: fc.array(fc.constantFrom(...ODD), { maxLength: 2 }),
    order: fc.array(fc.nat({ max: 8 }), { minLength: 8, maxLength: 8 }),
    body: fc.constantFrom(undefined, undefined, undefined, PING, CHUNKED_BODY, `${PING}0\r\n\r\n`),
    ends: fc.array(end, { minLength: 3, maxLength: 3 }),
    sloppy: fc.nat({ max: 6 }),
  })
  .map(({ line: first, usual: known, framing: framed, odd, order, body, ends, sloppy }) => {
    const headers = [...known.filter((header) => header !== undefined), ...framed, ...odd];
    const mixed = headers.map((header, at) => ({ header, at: order[at] ?? at })).sort((a, b) => a.at - b.at);
    const fits = framed.includes(CHUNKED) ? CHUNKED_BODY : PING;
    const lines = [first, ...mixed.map(({ header }) => header), ''];
    const text = lines.map((text, at) => text + (sloppy === 0 ? (ends[at % 3] ?? '\r\n') : '\r\n')).join('');
    return text + (body ?? fits);
  });
