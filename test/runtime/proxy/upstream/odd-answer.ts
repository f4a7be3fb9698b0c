// Answers as servers give them, and as nobody should: each part is mostly right, and sometimes one of the ways in which two
// readers of HTTP have been known to disagree.
import fc from 'fast-check';

type Text = fc.Arbitrary<string>;

/** Mostly the first, else one of the others. */
const mostly = (right: Text, ...odd: readonly string[]): Text =>
  fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: fc.constantFrom(...odd) });

const lineEnd = mostly(fc.constant('\r\n'), '\n', '\r', '\r\r\n', ' \r\n', '\n\r\n', '\0\r\n');

const statusLine = mostly(
  fc.constantFrom('200 OK', '202 Accepted', '404 Not Found', '500 ', '204 No Content', '304 Not Modified'),
  '200',
  '0200 OK',
  '20 OK',
  '2000 OK',
  '099 Low',
  '101 Switching Protocols',
  '199 Interim',
  '200 \x80\xff',
  '200 tab\there',
  '200 nul\0',
).chain((rest) =>
  mostly(
    fc.constant('HTTP/1.1 '),
    'HTTP/1.0 ',
    'HTTP/1.1  ',
    'HTTP/2.0 ',
    'HTTP/1.1\t',
    'http/1.1 ',
    ' HTTP/1.1 ',
  ).map((version) => version + rest),
);

/** No 100, which undici refuses where nobody asked for it, and which any server may send. */
const interim = fc.oneof(
  { weight: 8, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('HTTP/1.1 102 Processing\r\n\r\n', 'HTTP/1.1 103 Early\r\nLink: a\r\n\r\n'),
  },
);

const header = mostly(
  fc.constantFrom(
    'Content-Type: application/json',
    'Mcp-Session-Id: abc',
    'X-Empty:',
    'x-a:\t b \t',
    'Connection: keep-alive',
  ),
  'Connection: close',
  'Connection: upgrade',
  'Keep-Alive: timeout=1',
  'Content-Length: 3',
  'Content-Length : 3',
  'Content-Length: 3, 3',
  'Content-Length: -3',
  'Content-Length: 0x3',
  'Content-Length:',
  'Content_Length: 3',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: chunked, gzip',
  'Transfer-Encoding: chunked;q=1',
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding:\x0bchunked',
  'Trailer: X-Late',
  'Upgrade: websocket',
  'Set-Cookie: a=b',
  'X-High: \xe9\xff',
  'X-Control: \x01',
  'X Space: a',
  ': nameless',
  'colonless',
  ' folded',
  '\tfolded',
);

const hex = (length: number): Text =>
  mostly(
    fc.constant(length.toString(16)),
    length.toString(16).toUpperCase(),
    `0${length.toString(16)}`,
    `${length.toString(16)};a=b`,
    `${length.toString(16)} `,
    ` ${length.toString(16)}`,
    `+${length.toString(16)}`,
    `0x${length.toString(16)}`,
    `-${length.toString(16)}`,
    (length + 1).toString(16),
    'ffffffffffffffff',
    '100000000',
    '',
    'g',
  );

const piece = fc.string({ unit: 'binary-ascii', maxLength: 20 });

const chunk: Text = piece
  .filter((text) => text !== '')
  .chain((text) =>
    fc.tuple(hex(text.length), lineEnd, lineEnd).map(([size, after, end]) => size + after + text + end),
  );

const lastChunk = mostly(
  fc.constant('0\r\n\r\n'),
  '00\r\n\r\n',
  '0\r\n',
  '0\r\nX-Late: a\r\n\r\n',
  '0;a\r\n\r\n',
  '0\n\n',
  '',
);

/** After the head: what says where the body ends, and the body. */
const framed: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  piece.chain((text) =>
    mostly(fc.constant(String(text.length)), String(text.length + 1), `0${text.length}`, '', 'NaN').map(
      (length): readonly [string, string] => [`Content-Length: ${length}`, text],
    ),
  ),
  fc
    .tuple(
      mostly(
        fc.constant('Transfer-Encoding: chunked'),
        'Transfer-Encoding: Chunked',
        'transfer-encoding:chunked',
      ),
      fc.array(chunk, { maxLength: 3 }),
      lastChunk,
    )
    .map(([line, chunks, last]): readonly [string, string] => [line, chunks.join('') + last]),
  piece.map((text): readonly [string, string] => ['X-Framing: none', text]),
);

/** Bytes, in Latin-1, after which the server closes the connection. */
export const oddAnswer: Text = fc
  .tuple(
    interim,
    statusLine,
    lineEnd,
    fc.array(fc.tuple(header, lineEnd), { maxLength: 3 }),
    framed,
    lineEnd,
    lineEnd,
  )
  .map(
    ([before, status, end, headers, [framing, body], framingEnd, headEnd]) =>
      before +
      status +
      end +
      headers.map(([line, after]) => line + after).join('') +
      framing +
      framingEnd +
      headEnd +
      body,
  );
