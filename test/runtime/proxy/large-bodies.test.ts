// Memory of bodies is given back by hand, so that what is still on its way somewhere must never be among it: large calls and
// large results of many callers at once, of whom some are slow and some leave, are whole wherever they arrive.
import { afterEach, describe, expect, it } from '@jest/globals';
import http from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { USER_1 } from './harness/policy.ts';
import { WAYS, World } from './harness/world.ts';

const SERVERS = [
  'sends its length',
  'sends chunks',
  'streams',
  'reads slowly',
  'answers before it read',
] as const;
const CALLERS = ['reads', 'reads slowly', 'leaves'] as const;
type Server = (typeof SERVERS)[number];

/** The last is more than the system takes at once, to or from somebody slow. */
const LENGTHS = [10, 3_000, 20_000, 70_000, 140_000, 4_000_000];
/** How often a result repeats what it was given. */
const TIMES = 3;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

const asked = z.object({
  id: z.number(),
  params: z.object({
    arguments: z.object({
      server: z.enum(SERVERS),
      letter: z.string(),
      length: z.number(),
      text: z.string(),
    }),
  }),
});
const answered = z.object({ id: z.number(), result: z.object({ text: z.string() }) });

let world: World;
afterEach(() => world.close());

const resultOf = (id: number, text: string): string =>
  JSON.stringify({ jsonrpc: '2.0', id, result: { content: [], text } });

async function bytesOf(stream: http.IncomingMessage, slowly: boolean): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) {
    if (Buffer.isBuffer(chunk)) chunks.push(chunk);
    if (slowly) await delay(1);
  }
  return Buffer.concat(chunks).toString();
}

/** Answers a call with what it was given, and says what of it was damaged. */
function echo(damaged: string[]): http.RequestListener {
  const answer = async (request: http.IncomingMessage, response: http.ServerResponse): Promise<void> => {
    const server: Server = SERVERS[Number(request.headers['mcp-param-server'])] ?? 'sends chunks';
    if (server === 'answers before it read') {
      const [letter = '', length = ''] = String(request.headers['mcp-param-text']).split(' ');
      const id = Number(request.headers['mcp-param-id']);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(resultOf(id, letter.repeat(TIMES * Number(length))));
    }
    const call = asked.parse(JSON.parse(await bytesOf(request, server === 'reads slowly')));
    const { letter, length, text } = call.params.arguments;
    if (text !== letter.repeat(length)) damaged.push(`${server} got ${letter} ${length}`);
    const result = resultOf(call.id, text.repeat(TIMES));
    if (server === 'streams') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`data: ${result}\n\n`);
    } else if (server === 'sends its length') {
      const type = { 'content-type': 'application/json', 'content-length': result.length };
      response.writeHead(200, type).end(result);
    } else if (!response.headersSent) {
      response.writeHead(200, { 'content-type': 'application/json' });
      for (let at = 0; at < result.length; at += 50_000) response.write(result.slice(at, at + 50_000));
      response.end();
    }
  };
  return (request, response) =>
    void answer(request, response).catch((error: unknown) => {
      // Anything else is a caller that left.
      if (error instanceof SyntaxError) damaged.push(`no JSON came: ${error.message}`);
      response.destroy();
    });
}

function resultIn(text: string): string {
  try {
    return answered.parse(JSON.parse(text.replace(/^data: /, ''))).result.text;
  } catch (error) {
    return String(error);
  }
}

interface Call {
  readonly id: number;
  readonly caller: (typeof CALLERS)[number];
  readonly server: number;
  readonly letter: string;
  readonly length: number;
}

/** Makes a call and gives the text of its result; undefined where the caller left, or was left. */
function make({ id, caller, server, letter, length }: Call, agent: http.Agent): Promise<string | undefined> {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: {
      name: 'read_note',
      arguments: { server: SERVERS[server], letter, length, text: letter.repeat(length) },
    },
  });
  const headers = {
    ...USER_1,
    'content-type': 'application/json',
    'content-length': body.length,
    accept: 'application/json, text/event-stream',
    'mcp-param-server': server,
    'mcp-param-id': id,
    'mcp-param-text': `${letter} ${length}`,
  };
  return new Promise((resolve) => {
    const request = http.request(world.url, { method: 'POST', headers, agent }, (response) => {
      if (caller === 'leaves') {
        response.once('data', () => request.destroy());
        response.on('error', () => resolve(undefined));
        response.on('end', () => resolve(undefined));
        return;
      }
      bytesOf(response, caller === 'reads slowly').then(
        (text) => resolve(resultIn(text)),
        () => resolve(undefined),
      );
    });
    request.on('error', () => resolve(undefined));
    request.end(body);
  });
}

describe('large bodies', () => {
  it.each(WAYS)(
    'are whole for everybody, whoever is slow or leaves, by $scheme and $connection',
    async (way) => {
      const damaged: string[] = [];
      world = await World.start({
        ...way,
        upstream: echo(damaged),
        env: {
          SUBJECT_RATE_PER_MINUTE: '1000000',
          SUBJECT_RATE_BURST: '1000000',
          MAX_BUFFERED_BYTES: '1000000000',
          MAX_BUFFERED_ANSWER_BYTES: '1000000000',
        },
      });
      const calls: Call[] = [];
      for (let round = 0; round < 2; round += 1) {
        for (const length of LENGTHS) {
          for (let server = 0; server < SERVERS.length; server += 1) {
            for (const caller of CALLERS) {
              const id = calls.length + 1;
              calls.push({ id, caller, server, length, letter: LETTERS[id % LETTERS.length] ?? 'z' });
            }
          }
        }
      }
      const agent = new http.Agent({ keepAlive: way.connection === 'keep-alive', maxSockets: 12 });
      const results = await Promise.all(calls.map((call) => make(call, agent)));
      agent.destroy();
      let whole = 0;
      for (const [at, text] of results.entries()) {
        const call = calls[at];
        if (text === undefined || call === undefined) continue;
        whole += 1;
        if (text !== call.letter.repeat(TIMES * call.length))
          damaged.push(`${call.caller} got ${SERVERS[call.server]}`);
      }
      expect(damaged).toEqual([]);
      // Those who stay have an answer, but where the server gave it before it took the call.
      const stay = calls.filter(({ caller, server }) => caller !== 'leaves' && server !== SERVERS.length - 1);
      expect(whole).toBeGreaterThanOrEqual(stay.length);
    },
  );
});
