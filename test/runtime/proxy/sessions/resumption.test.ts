// Streams that break and are resumed by the id of the last event: by whoever had them, and with what was asked there.
import { afterEach, describe, expect, it } from '@jest/globals';
import type http from 'node:http';
import { openStreamAt } from '../harness/open-stream.ts';
import { USER_1, USER_2, policyContent } from '../harness/policy.ts';
import { World, type WorldOptions } from '../harness/world.ts';

let world: World;
afterEach(() => world.close());

const CALL = { jsonrpc: '2.0', id: 5, method: 'tools/call', params: { name: 'read_note', arguments: {} } };
const result = (id: number | string, text = 'x') =>
  `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":{"content":["${text}"]}}`;
const event = (data: string, id?: string) => `${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`;
const PRIMING = 'id: e1\nretry: 10\ndata:\n\n';

/** A server whose streams the test writes, one after the other; all else it takes with 202. */
class Streams {
  private readonly waiting: ((stream: http.ServerResponse) => void)[] = [];
  private readonly opened: http.ServerResponse[] = [];

  readonly listener: http.RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString();
      if (request.method === 'POST' && !body.includes('"tools/call"')) {
        response.writeHead(202).end();
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      const next = this.waiting.shift();
      if (next === undefined) this.opened.push(response);
      else next(response);
    });
    request.resume();
  };

  next(): Promise<http.ServerResponse> {
    const stream = this.opened.shift();
    return stream === undefined
      ? new Promise((resolve) => this.waiting.push(resolve))
      : Promise.resolve(stream);
  }
}

let server: Streams;
let mine: Readonly<Record<string, string>>;

async function start(options: WorldOptions = {}): Promise<void> {
  server = new Streams();
  world = await World.start({ ...options, upstream: server.listener });
  mine = await world.inSession('m1');
}

/** A call whose stream broke after its first event. @returns the id of that event, as its caller has it */
async function brokenCall(call: object = CALL, headers = mine): Promise<string> {
  const stream = await openStreamAt(world.url, call, headers);
  const upstream = await server.next();
  const gone = new Promise((resolve) => upstream.on('close', resolve));
  upstream.write(PRIMING);
  await world.until(() => stream.text.endsWith('\n\n'));
  stream.destroy();
  await gone;
  const [, id = ''] = /^id: (.*)$/m.exec(stream.text) ?? [];
  return id;
}

/** What a stream that resumes brings of what the server replays. */
async function resumed(id: string, replay: string, headers = mine): Promise<string> {
  const stream = await openStreamAt(world.url, undefined, { ...headers, 'last-event-id': id });
  expect(stream.response.statusCode).toBe(200);
  (await server.next()).end(replay);
  await stream.ended;
  return stream.text;
}

const lastEventIds = () => world.received.map(({ headers }) => headers['last-event-id']).slice(1);

describe('attack 29: the id of an event', () => {
  it('resumes its stream for the caller who had it, and the server sees its own', async () => {
    await start();
    const id = await brokenCall();
    expect(id).toMatch(/^e1\.own\.[\w-]{16}$/);
    expect(await resumed(id, event(result(5)))).toBe(event(result(5)));
    expect(lastEventIds()).toEqual(['e1']);
  });

  it('is each time another’s: of the caller, of the session, of the event', async () => {
    await start();
    const id = await brokenCall();
    for (const [what, headers] of [
      [id, await world.inSession('m1', USER_2)],
      [id, await world.inSession('m2')],
      [id, USER_1],
      [id.replace('e1', 'e2'), mine],
      [`${id.slice(0, -1)}${id.endsWith('A') ? 'B' : 'A'}`, mine],
      [id.replace('.own.', '.k1.'), mine],
      ['e1', mine],
      ['..', mine],
    ] as const) {
      const answer = await world.send('GET', '', { ...headers, 'last-event-id': what });
      expect(answer).toMatchObject({
        status: 400,
        json: { error: { data: { reason: 'unknown_event_id' } } },
      });
    }
    expect(world.received).toHaveLength(1);
  });

  it('is bound in every form that a reader takes for one, and nothing else is touched', async () => {
    await start();
    const stream = await openStreamAt(world.url, undefined, mine);
    const note = '{"jsonrpc":"2.0","method":"notifications/message","params":{"x":"id: 7"}}';
    (await server.next()).end(
      `id:a b\r\nevent: message\r\ndata: ${note}\r\n\r\nid:  c\nid: d\ndata:\n\nid\ndata:\n\nid: \ndata:\n\nidea: f\ndata:\n\n`,
    );
    await stream.ended;
    const withoutTags = stream.text.replaceAll(/\.own\.[\w-]{16}$/gm, '#');
    expect(withoutTags).toBe(
      `id: a b#\r\nevent: message\r\ndata: ${note}\r\n\r\nid:  c#\nid: d#\ndata:\n\nid\ndata:\n\nid: \ndata:\n\nidea: f\ndata:\n\n`,
    );
  });

  it('that is empty asks for nothing', async () => {
    await start();
    const stream = await openStreamAt(world.url, undefined, { ...mine, 'last-event-id': '' });
    (await server.next()).end();
    await stream.ended;
    expect(world.received[0]?.headers).not.toHaveProperty('last-event-id');
  });
});

describe('attack 33: a stream that resumes', () => {
  it('brings answers to what was asked in this session, and no others', async () => {
    await start();
    const id = await brokenCall();
    await brokenCall({ ...CALL, id: 6 }, await world.inSession('m2'));
    const replay = [event(result(6)), event(result('5')), event('{"jsonrpc":"2.0","id":null,"error":{}}')];
    expect(await resumed(id, `${replay.join('')}${event(result(5))}`)).toBe(event(result(5)));
  });

  it('brings an answer again that was sent and may not have arrived', async () => {
    await start();
    const stream = await openStreamAt(world.url, CALL, mine);
    (await server.next()).end(`${PRIMING}${event(result(5))}`);
    await stream.ended;
    const [, id = ''] = /^id: (.*)$/m.exec(stream.text) ?? [];
    expect(await resumed(id, event(result(5)))).toBe(event(result(5)));
  });

  it('brings no answer of a call that was cut', async () => {
    await start();
    const mineLive = { ...mine, 'x-mcp-agent-session': 'live' };
    const stream = await openStreamAt(world.url, CALL, mineLive);
    const upstream = await server.next();
    upstream.write(PRIMING);
    await world.until(() => stream.text.endsWith('\n\n'));
    const [, id = ''] = /^id: (.*)$/m.exec(stream.text) ?? [];
    await world.setPolicy({
      sessions: policyContent().sessions.map((session) => ({ ...session, revoked: true })),
    });
    await stream.ended;
    expect(await resumed(id, event(result(5)))).toBe('');
  });

  it('brings no answer of a tool that its caller may not call any more', async () => {
    await start();
    const id = await brokenCall();
    await world.setPolicy({ subjects: [] });
    expect(await resumed(id, event(result(5)))).toBe('');
  });
});

describe('attack 33: a stream that resumes at a proxy that was restarted', () => {
  it('brings the answer to what was asked before', async () => {
    await start();
    const id = await brokenCall();
    await world.restart();
    expect(await resumed(id, event(result(6)) + event(result(5)))).toBe(event(result(5)));
  });

  it('brings no answer that has arrived, of a call that was cut, or of a tool that is its caller’s no more', async () => {
    await start();
    const arrived = await openStreamAt(world.url, { ...CALL, id: 4 }, mine);
    (await server.next()).end(`${PRIMING}${event(result(4))}`);
    await arrived.ended;
    const { subjects } = policyContent();
    const cut = await openStreamAt(world.url, CALL, mine);
    (await server.next()).write(PRIMING);
    await world.until(() => cut.text.endsWith('\n\n'));
    await world.setPolicy({ subjects: [] });
    await cut.ended;
    await world.setPolicy({ subjects });
    const id = await brokenCall({ ...CALL, id: 6 });
    await world.restart();
    const replay = [4, 5, 6].map((each) => event(result(each))).join('');
    expect(await resumed(id, replay)).toBe(event(result(6)));
    await world.setPolicy({ subjects: [] });
    expect(await resumed(id, replay)).toBe('');
  });
});

describe('a question of the server', () => {
  it('can be answered at a proxy that was restarted, once, by whom it was asked', async () => {
    const { policy } = policyContent();
    await start({ policy: { policy: { ...policy, mode: 'observe' } } });
    const stream = await openStreamAt(world.url, CALL, mine);
    (await server.next()).write(
      event('{"jsonrpc":"2.0","id":"q1","method":"elicitation/create","params":{}}'),
    );
    await world.until(() => stream.text.includes('q1'));
    stream.destroy();
    await world.restart();
    const answer = { jsonrpc: '2.0', id: 'q1', result: { action: 'decline' } };
    const foreign = await world.inSession('m1', USER_2);
    expect((await world.post(answer, foreign)).json.error?.data?.reason).toBe('unexpected_response');
    expect((await world.post(answer, mine)).status).toBe(202);
    expect((await world.post(answer, mine)).json.error?.data?.reason).toBe('unexpected_response');
    expect(world.received.filter(({ body }) => body.includes('decline'))).toHaveLength(1);
  });
});
