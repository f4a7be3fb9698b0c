import { afterEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ServerMessageReader } from '#runtime/proxy/json/server-message.ts';
import { filterToolList } from '#runtime/proxy/relay/tool-list.ts';
import { STRANGER, USER_1, USER_2 } from './harness/policy.ts';
import { World } from './harness/world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const LIST = `{"jsonrpc":"2.0","id":1,"result":{ "tools" : [
  {"name":"read_note", "x": 1e2},
  {"name":"secret"}, {"title":"no name"},
  {"name":"d\\u0065lete_note"} ,{"name":"undeclared"}
 ], "nextCursor":"c\\/1", "ttlMs":3600000,"cacheScope":"public","unknown":{"a":[1]}}}`;

function listing(contentType: string, render: (list: string) => string) {
  return World.start({
    upstream: (request, response) => {
      request.resume();
      request.on('end', () => {
        response.writeHead(200, { 'content-type': contentType });
        response.end(render(LIST));
      });
    },
  });
}

const names = (text: string): unknown =>
  JSON.parse(text.replaceAll(/^data: ?/gm, '').replaceAll('event: message\n', ''));

const ASK = { jsonrpc: '2.0', id: 1, method: 'tools/list' };

describe('tools/list', () => {
  it('shows a caller what they may call, and leaves everything else byte for byte', async () => {
    world = await listing('application/json', (list) => list);
    const answer = await world.post(ASK);
    expect(answer.text).toBe(
      '{"jsonrpc":"2.0","id":1,"result":{ "tools" : [{"name":"read_note", "x": 1e2},{"name":"d\\u0065lete_note"}], "nextCursor":"c\\/1", "ttlMs":30000,"cacheScope":"private","unknown":{"a":[1]}}}',
    );
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.text)));
  });

  it('shows others theirs, and strangers nothing, with the cursor', async () => {
    world = await listing('application/json', (list) => list);
    expect((await world.post(ASK, USER_2)).json.result).toMatchObject({
      tools: [{ name: 'delete_note' }],
      nextCursor: 'c/1',
    });
    expect((await world.post(ASK, STRANGER)).json.result).toMatchObject({ tools: [], nextCursor: 'c/1' });
  });

  it('filters by the session that is presented', async () => {
    world = await listing('application/json', (list) => list);
    const answer = await world.post(ASK, { ...USER_1, 'x-mcp-agent-session': 'revoked' });
    expect(answer.json.error?.data?.reason).toBe('session_revoked');
  });

  it.each<[string, (list: string) => string]>([
    ['in one line', (list) => `event: message\nid: 7\ndata: ${list.replaceAll('\n', ' ')}\n\n`],
    [
      'in several data lines',
      (list) =>
        `id: 7\n${list
          .split('\n')
          .map((line) => `data: ${line}\n`)
          .join('')}\n`,
    ],
    ['with carriage returns', (list) => `id: 7\r\ndata:${list.replaceAll('\n', ' ')}\r\n\r\n`],
  ])('filters a list in an event stream %s', async (_how, render) => {
    world = await listing('text/event-stream', render);
    const answer = await world.post(ASK);
    expect(answer.headers['content-type']).toBe('text/event-stream');
    expect(answer.text).toMatch(/^id: 7\.own\.[\w-]{16}$/m);
    expect(names(answer.text.replace(/^id: .*\n/m, ''))).toMatchObject({
      result: {
        tools: [{ name: 'read_note' }, { name: 'delete_note' }],
        nextCursor: 'c/1',
        cacheScope: 'private',
      },
    });
  });

  it('of a server that writes a list no one can read for sure is not passed on', async () => {
    world = await listing('application/json', (list) => list.replace('"tools"', '"tools":[],"tools"'));
    const answer = await world.post(ASK);
    expect(answer.json.error?.data?.reason).toBe('upstream_invalid');
    expect(answer.text).not.toContain('secret');
  });
});

/** As it looks after a way through JSON: without negative zeros. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe('filterToolList', () => {
  it('keeps order and bytes of what stays, for any list', () => {
    const reader = new ServerMessageReader();
    const tool = fc.record({ name: fc.string(), extra: fc.jsonValue({ maxDepth: 2 }) });
    fc.assert(
      fc.property(
        fc.array(tool),
        fc.constantFrom(undefined, 1, 2),
        fc.func(fc.boolean()),
        (tools, indent, visible) => {
          const bytes = Buffer.from(
            JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools, nextCursor: 'c' } }, null, indent),
          );
          const message = reader.read(bytes);
          if (message === undefined) throw new Error('unread');
          const filtered = filterToolList(bytes, message, visible);
          const kept = tools.filter(({ name }) => visible(name));
          expect(JSON.parse(filtered.bytes.toString())).toEqual({
            jsonrpc: '2.0',
            id: 1,
            result: plain({ tools: kept, nextCursor: 'c' }),
          });
          expect(filtered.hidden).toBe(tools.length - kept.length);
          if (filtered.hidden === 0) expect(filtered.bytes).toBe(bytes);
        },
      ),
    );
  });
});
