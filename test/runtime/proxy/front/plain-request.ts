// Generators of requests around what is plain: most of them are, and each of the rest in one way is not.
import fc from 'fast-check';

const oneOf = (units: string) => fc.constantFrom(...Array.from(units));

const token = fc.string({ unit: oneOf('abcXYZ019-_.!~'), minLength: 1, maxLength: 12 });
const value = fc.string({ unit: oneOf('abc XYZ\t,;="\xe9\xff'), minLength: 1, maxLength: 20 });
const target = fc.oneof(
  { arbitrary: fc.constant('/mcp'), weight: 6 },
  {
    arbitrary: fc
      .string({ unit: oneOf('ab/?%2e.&=-_~#<"\\|{}\x7f'), maxLength: 10 })
      .map((path) => `/${path}`),
    weight: 2,
  },
);

/** Lines that make a difference to somebody who reads a request, or look as if they did. */
const LINES = [
  'Connection: keep-alive',
  'connection: Keep-Alive',
  'Connection: close',
  'Connection: keep-alive, x-a',
  'Connection: upgrade',
  'Proxy-Connection: close',
  'Keep-Alive: timeout=1',
  'Upgrade: h2c',
  'Trailer: x-a',
  'TE: trailers',
  'Transfer-Encoding: chunked',
  'transfer-encoding: identity',
  'Transfer_Encoding: chunked',
  'Content-Encoding: identity',
  'Expect: 100-continue',
  'Expect: nothing',
  'Content-Length: 3',
  'Content-Length : 3',
  'Content-Length: 3, 3',
  'Content_Length: 3',
  'Host: b',
  'Accept: */*',
  'User-Agent: somebody',
  'X-Empty:',
  'X-Empty: ',
  'X-Blank: a ',
  'X-Tab:\ta',
  'X-Two:  a',
  'X-Tight:a',
  'X-Bell: \x07',
  'X-Nul: \0',
  'X-Fold: a\r\n b',
  'X-Feed: a\nX-Next: b',
  'X-Return: a\rX-Next: b',
  'X\tName: a',
  'X Name: a',
  ': a',
  'none',
];

const methods = fc.oneof(
  { arbitrary: fc.constant('POST'), weight: 12 },
  { arbitrary: fc.constantFrom('GET', 'PUT', 'post', 'POST ', 'XPOST', '\r\nPOST'), weight: 1 },
);
const versions = fc.oneof(
  { arbitrary: fc.constant('HTTP/1.1'), weight: 16 },
  { arbitrary: fc.constantFrom('HTTP/1.0', 'HTTP/1.1 ', 'http/1.1', 'HTTP/2'), weight: 1 },
);

/** One request and its body as Latin-1. */
export const requestAroundPlain: fc.Arbitrary<string> = fc
  .record({
    method: methods,
    target,
    version: versions,
    host: fc.constantFrom('Host: a', 'Host: a', 'host:a', 'HOST: a'),
    own: fc.array(
      fc.tuple(token, value).map(([name, text]) => `${name}: ${text}`),
      { maxLength: 4 },
    ),
    odd: fc.oneof(fc.constant([]), fc.array(fc.constantFrom(...LINES), { maxLength: 2 })),
    length: fc.constantFrom<'right' | 'long' | 'none' | 'odd'>(
      'right',
      'right',
      'right',
      'right',
      'long',
      'none',
      'odd',
    ),
    body: fc.string({ unit: oneOf('ab{}\r\n\0\xff'), minLength: 1, maxLength: 30 }),
    end: fc.constantFrom(...Array<string>(12).fill('\r\n'), '\n', '\r', '\r\r\n'),
    swap: fc.boolean(),
  })
  .map(({ method, target: path, version, host, own, odd, length, body, end, swap }) => {
    const lengths = {
      right: [`Content-Length: ${body.length}`],
      long: [`content-length:${body.length + 2}`],
      none: [],
      odd: [`Content-Length: +${body.length}`],
    }[length];
    const lines = swap ? [...odd, ...lengths, host, ...own] : [host, ...own, ...lengths, ...odd];
    return [`${method} ${path} ${version}`, ...lines, ''].join('\r\n') + end + body;
  });
