import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PING, exchangeBytes, rawRequest, statusOf } from '../harness/raw.ts';
import { World } from '../harness/world.ts';
import {
  MODERN,
  base64Value,
  expectRefused,
  modernCall,
  rawBody,
  recordsOf,
  type Attempt,
} from './attempts.ts';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.close());

const call = (params: string): string => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`;
const READ = modernCall('read_note');

/** The modern call of `read_note` with one header replaced; left out where it is undefined. */
function withHeader(name: string, value: string | undefined): Attempt['send'] {
  const others = READ.headers.filter((header) => !header.startsWith(`${name}:`));
  return { body: READ.body, headers: value === undefined ? others : [...others, `${name}: ${value}`] };
}

const mismatch = (what: string, send: Attempt['send']): Attempt => ({
  what,
  send,
  answer: [400, 'header_mismatch'],
});

const refusals =
  (reason: string) =>
  ([what, body]: readonly [string, string]): Attempt => ({
    what,
    send: rawBody(body),
    answer: [400, reason],
  });

describe('attack 1: header and body disagree', () => {
  it('is refused before policy, with -32020', async () => {
    await expectRefused(world, [
      mismatch('another method', withHeader('Mcp-Method', 'tools/list')),
      mismatch('another case', withHeader('Mcp-Method', 'Tools/Call')),
      mismatch('another tool', withHeader('Mcp-Name', 'list_notes')),
      mismatch('a denied tool in the body', {
        ...modernCall('secret'),
        headers: READ.headers,
      }),
      mismatch('another version', withHeader('MCP-Protocol-Version', '2026-07-29')),
      {
        what: 'a version only in the head',
        send: { headers: [`MCP-Protocol-Version: ${MODERN}`] },
        answer: [400, 'missing_request_meta'],
      },
      mismatch('no method', withHeader('Mcp-Method', undefined)),
      mismatch('no name', withHeader('Mcp-Name', undefined)),
      mismatch('no version', withHeader('MCP-Protocol-Version', undefined)),
      mismatch('a name for a method without one', {
        headers: ['Mcp-Method: ping', 'Mcp-Name: read_note'],
      }),
      mismatch('the bytes of é as one reader has them', {
        ...modernCall('\u00e9'),
        body: Buffer.from(modernCall('\u00e9').body).toString('latin1'),
      }),
    ]);
    const answer = await exchangeBytes(
      world.proxy.port,
      rawRequest({ body: READ.body, headers: [...READ.headers.slice(0, 2), 'Mcp-Name: secret'] }),
    );
    expect(answer).toContain('"code":-32020');
  });
});

describe('attack 2: Base64 in a header', () => {
  it('is decoded before it is compared, and refused where it is malformed', async () => {
    const plain = Buffer.from('read_note').toString('base64');
    await expectRefused(
      world,
      (
        [
          ['of another name', base64Value('secret')],
          ['of nothing', base64Value('')],
          ['inside of Base64', base64Value(base64Value('read_note'))],
          ['with broken UTF-8', base64Value(Buffer.from([0x72, 0xff]))],
          ['with a byte order mark', base64Value('\ufeffread_note')],
          ['with a NUL', base64Value('read_note\0')],
          ['with blanks', `=?base64? ${plain}?=`],
          ['of the web alphabet', '=?base64?cmVhZF9ub3Rl-_?='],
          ['with bits to spare', '=?base64?cmVhZF9ub3Rl====?='],
          ['without its end', `=?base64?${plain}`],
          ['in another case', `=?BASE64?${plain}?=`],
          ['of another kind', '=?utf-8?Q?read_note?='],
          ['that is endless', base64Value('read_note'.repeat(1000))],
        ] as const
      ).map(([what, value]) => mismatch(what, withHeader('Mcp-Name', value))),
    );
  });

  it('passes where it says what the body says', async () => {
    const before = world.received.length;
    const value = base64Value('read_note');
    const answer = await exchangeBytes(
      world.proxy.port,
      rawRequest({ body: READ.body, headers: [...READ.headers.slice(0, 2), `Mcp-Name: ${value}`] }),
    );
    expect(statusOf(answer)).toBe(200);
    expect(world.received[before]?.headers['mcp-name']).toBe(value);
  });
});

describe('attack 3: Mcp-Param headers', () => {
  it('that occur twice are refused', async () => {
    const headers = [...READ.headers, 'Mcp-Param-Region: eu', 'mcp-param-region: us'];
    await expectRefused(world, [
      { what: 'twice', send: { ...READ, headers }, answer: [400, 'header_conflict'] },
    ]);
  });

  it('reach the server untouched, and decide nothing', async () => {
    const before = world.received.length;
    const send = modernCall('read_note', { n: 42 });
    const params = ['Mcp-Param-N: 42.0', 'Mcp-Param-Extra: =?base64?@@?='];
    await exchangeBytes(world.proxy.port, rawRequest({ ...send, headers: [...send.headers, ...params] }));
    expect(world.received[before]?.headers).toMatchObject({
      'mcp-param-n': '42.0',
      'mcp-param-extra': '=?base64?@@?=',
    });
    const denied = modernCall('secret');
    await expectRefused(world, [
      {
        what: 'a denied tool with the params of an allowed one',
        send: { ...denied, headers: [...denied.headers, ...params] },
        answer: [200, 'unknown_tool'],
        recorded: 'tool_not_granted',
      },
    ]);
  });
});

describe('attack 4: headers under an old version', () => {
  it('are compared all the same, and decide nothing', async () => {
    const old = (name: string, header: string) => ({
      body: call(`{"name":"${name}"}`),
      headers: ['MCP-Protocol-Version: 2025-06-18', 'Mcp-Method: tools/call', `Mcp-Name: ${header}`],
    });
    await expectRefused(world, [
      mismatch('an allowed name in the head, a denied one in the body', old('secret', 'read_note')),
      mismatch('the other way round', old('read_note', 'secret')),
      {
        what: 'a denied name in both',
        send: old('secret', 'secret'),
        answer: [200, 'unknown_tool'],
        recorded: 'tool_not_granted',
      },
    ]);
  });
});

describe('attack 5: JSON that two parsers read in two ways', () => {
  const deep = '{"a":'.repeat(70) + '1' + '}'.repeat(70);

  it('is refused', async () => {
    await expectRefused(world, [
      ...(
        [
          ['a method twice', '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}'],
          ['a tool twice', call('{"name":"read_note","name":"secret"}')],
          ['a tool twice, once escaped', call('{"name":"read_note","n\\u0061me":"secret"}')],
          ['a key twice in arguments', call('{"name":"read_note","arguments":{"a":{"b":1,"b":2}}}')],
          ['a key twice in _meta', call('{"name":"read_note","_meta":{"x":1,"\\u0078":2}}')],
        ] as const
      ).map(refusals('duplicate_key')),
      ...(
        [
          ['Method', '{"jsonrpc":"2.0","id":1,"method":"ping","Method":"tools/call"}'],
          ['Name', call('{"name":"read_note","Name":"secret"}')],
          ['Name alone', call('{"Name":"secret"}')],
          ['paramſ', '{"jsonrpc":"2.0","id":1,"method":"ping","param\u017f":{}}'],
          ['İd', '{"jsonrpc":"2.0","id":1,"method":"ping","\u0130d":2}'],
          ['an escaped NAME', call('{"name":"read_note","\\u004eame":"secret"}')],
          ['_META', call('{"name":"read_note","_META":{}}')],
        ] as const
      ).map(refusals('case_variant_key')),
      ...(
        [
          ['__proto__ in the envelope', '{"jsonrpc":"2.0","method":"ping","__proto__":{"id":1}}'],
          ['__proto__ in params', call('{"name":"read_note","__proto__":{"name":"secret"}}')],
          ['an escaped __proto__', call('{"name":"read_note","\\u005f_proto__":{}}')],
          ['a NUL in a name', call('{"name":"read_note\\u0000"}')],
          ['a huge id', '{"jsonrpc":"2.0","id":9007199254740993,"method":"ping"}'],
          ['an endless number for an id', '{"jsonrpc":"2.0","id":1e999,"method":"ping"}'],
        ] as const
      ).map(refusals('invalid_envelope')),
      ...(
        [
          ['half a surrogate pair', call('{"name":"read_note","arguments":{"a":"\\ud800"}}')],
          ['half a pair in a key', call('{"name":"read_note","arguments":{"\\udc00":1}}')],
        ] as const
      ).map(refusals('invalid_utf8')),
      ...(
        [
          ['a byte order mark', `\ufeff${PING}`],
          ['a NUL behind', `${PING}\0`],
          ['two values', `${PING}${PING}`],
          ['a comment', `/**/${PING}`],
          ['a trailing comma', '{"jsonrpc":"2.0","id":1,"method":"ping",}'],
          ['NaN', call('{"name":"read_note","arguments":{"a":NaN}}')],
          ['a NUL in a key', call('{"name":"read_note","arguments":{"\\u0000":1}}')],
        ] as const
      ).map(refusals('invalid_json')),
      refusals('json_too_deep')(['70 levels', call(`{"name":"read_note","arguments":${deep}}`)]),
      { what: 'broken UTF-8', send: { body: PING.replace('ping', '\xff') }, answer: [400, 'invalid_utf8'] },
      {
        what: 'UTF-16',
        send: { body: `\xff\xfe${PING.replaceAll(/(.)/g, '$1\0')}` },
        answer: [400, 'invalid_utf8'],
      },
    ]);
  });
});

describe('attack 6: other bytes forwarded than were authorised', () => {
  it('is impossible, because the bytes that came are the bytes that go', async () => {
    const before = world.received.length;
    const body =
      ' {\t"params" : {"arguments":{"n":1E2,"big":123456789012345678901234567890,"s":"\\/\\u00e9é","__proto__":{"a":1},"constructor":0}, "n\\u0061me":"read_\\u006eote"},\r\n"method":"tools\\/call","id":"\\u0061","jsonrpc":"2.0" } ';
    const records = await recordsOf(world, () => exchangeBytes(world.proxy.port, rawRequest(rawBody(body))));
    expect(world.received.slice(before)).toMatchObject([
      { body, headers: { 'content-length': String(Buffer.byteLength(body)) } },
    ]);
    expect(records).toMatchObject([
      { rpc_method: 'tools/call', tool_name: 'read_note', decision: 'allow', outcome: 'answered' },
    ]);
  });
});

describe('attack 7: batches', () => {
  it('are refused whole, whatever they hold', async () => {
    const allowed = call('{"name":"read_note"}');
    await expectRefused(
      world,
      (
        [
          ['nothing', '[]'],
          ['one', `[${PING}]`],
          ['an allowed and a denied call', `[${allowed},${call('{"name":"secret"}')}]`],
          ['one id for two', `[${PING},${PING}]`],
          ['a notification', ' \n[{"jsonrpc":"2.0","method":"notifications/initialized"}]'],
          ['a batch in a batch', `[[${PING}]]`],
        ] as const
      ).map(refusals('batch_not_supported')),
    );
    expect((await world.post(`[${PING}]`)).json.error?.code).toBe(-32600);
  });
});
