// A denial as the code of a caller sees it, through each official client in each era it speaks: why, one sentence, what
// would be needed, when to come back, the policy's revision and the trace; and nothing of tools that aren't the caller's.
import { afterEach, describe, expect, it } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { z } from 'zod';
import { notesListener } from './harness/notes.ts';
import { USER_1, policyContent, policyDocument } from './harness/policy.ts';
import { World } from './harness/world.ts';

/** One official client, connected. */
interface Caller {
  readonly call: (tool: string) => Promise<unknown>;
  readonly request: (method: string) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

type Connect = (headers: Readonly<Record<string, string>>) => Promise<Caller>;

let world: World;
const callers: Caller[] = [];
afterEach(async () => {
  for (const caller of callers.splice(0)) await caller.close();
  await world.close();
});

const ANYTHING = z.looseObject({});
const ARGUMENTS = { id: 'note-1', title: 'a', body: 'b' };

function connectV2(mode: 'legacy' | 'auto'): Connect {
  return async (headers) => {
    const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } });
    const transport = new StreamableHTTPClientTransport(new URL(world.url), { requestInit: { headers } });
    await client.connect(transport);
    return {
      call: (name) => client.callTool({ name, arguments: ARGUMENTS }),
      request: (method) => client.request({ method }, ANYTHING),
      close: () => client.close(),
    };
  };
}

async function connectV1(headers: Readonly<Record<string, string>>): Promise<Caller> {
  const client = new ClientV1({ name: 'test-v1', version: '1.0.0' });
  await client.connect(new TransportV1(new URL(world.url), { requestInit: { headers } }));
  return {
    call: (name) => client.callTool({ name, arguments: ARGUMENTS }),
    request: (method) => client.request({ method }, ANYTHING),
    close: () => client.close(),
  };
}

const denial = z.object({
  code: z.number(),
  message: z.string(),
  data: z.strictObject({
    reason: z.string(),
    needed: z.unknown().optional(),
    httpStatus: z.number(),
    retryAfterMs: z.number().optional(),
    revision: z.string(),
    traceId: z.string().regex(/^[0-9a-f]{32}$/),
  }),
});

/** A method that is not found, from 2026-07-28 on. */
const notFound = z.object({ data: z.object({ status: z.literal(404), text: z.string() }) });

const httpError = z.object({ message: z.string() });
/** Version 1 has the status in the code, version 2 in the data. */
const tooManyRequests = z.union([
  z.object({ code: z.literal(429) }),
  z.object({ data: z.object({ status: z.literal(429) }) }),
]);

/** What an attempt is refused with. */
async function errorOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => {
      throw new Error('it was not refused');
    },
    (error: unknown) => error,
  );
}

describe.each<[string, Connect]>([
  ['version 1', connectV1],
  ['version 2 in the legacy era', connectV2('legacy')],
  ['version 2 in the modern era', connectV2('auto')],
])('a caller with the official client of %s', (_which, connect) => {
  async function connected(options: Parameters<typeof World.start>[0] = {}): Promise<Caller> {
    world = await World.start({ upstream: notesListener(), ...options });
    const caller = await connect(USER_1);
    callers.push(caller);
    return caller;
  }

  it('sees why, what would be needed, the revision, and the trace that the record has', async () => {
    const caller = await connected();
    const { code, message, data } = denial.parse(await errorOf(caller.call('add_note')));
    expect({ code, data }).toEqual({
      code: -32030,
      data: {
        reason: 'trust_too_low',
        needed: { trust: 'high' },
        httpStatus: 403,
        revision: policyDocument().revision,
        traceId: data.traceId,
      },
    });
    expect(message).toMatch(/The tool needs more trust than grant and session give\.$/);
    const recorded = () => world.ingest.events.find(({ trace_id }) => trace_id === data.traceId);
    await world.until(() => recorded() !== undefined);
    expect(recorded()?.payload).toMatchObject({ reason: 'trust_too_low', tool_name: 'add_note' });
  });

  it('sees the same of a tool that is there and of one that is not, but for its name', async () => {
    const caller = await connected();
    const told: unknown[] = [];
    for (const name of ['secret', 'nosuch']) {
      const { code, message, data } = denial.parse(await errorOf(caller.call(name)));
      expect(message).toContain(`Unknown tool: ${name}`);
      told.push({ code, message: message.replace(name, ''), ...data, traceId: '' });
    }
    expect(told[0]).toEqual(told[1]);
    expect(told[0]).not.toHaveProperty('needed');
  });

  it('sees that a method is unknown, and goes on', async () => {
    const caller = await connected();
    const error = await errorOf(caller.request('made/up'));
    const told = notFound.safeParse(error);
    // The client makes of 404 what it makes of that of any server: a transport error with the answer in it.
    const answer = told.success
      ? z.object({ error: denial }).parse(JSON.parse(told.data.data.text)).error
      : denial.parse(error);
    expect(answer).toMatchObject({
      code: -32601,
      message: expect.stringMatching(/There is no such method\.$/),
      data: { reason: 'unknown_method', httpStatus: 404 },
    });
    await caller.call('read_note');
  });

  it('sees that a session it presents was revoked, whenever that was', async () => {
    const headers = { ...USER_1, 'x-mcp-agent-session': 'live' };
    world = await World.start({ upstream: notesListener() });
    const caller = await connect(headers);
    callers.push(caller);
    await caller.call('read_note');
    const { sessions } = policyContent();
    await world.setPolicy({ sessions: sessions.map((session) => ({ ...session, revoked: true })) });
    expect(denial.parse(await errorOf(caller.call('read_note'))).data).toMatchObject({
      reason: 'session_revoked',
      httpStatus: 401,
    });
  });

  it('sees when a tool can be called again', async () => {
    const { tools } = policyContent();
    const rate = { perMinute: 1, burst: 1 };
    const caller = await connected({
      policy: { tools: tools.map((tool) => (tool.name === 'read_note' ? { ...tool, rate } : tool)) },
    });
    await caller.call('read_note');
    const { code, message, data } = denial.parse(await errorOf(caller.call('read_note')));
    expect([code, data.reason, data.httpStatus]).toEqual([-32030, 'tool_rate_exceeded', 429]);
    expect(message).toMatch(/The caller calls this tool more often than the server allows\.$/);
    expect(data.retryAfterMs).toBeGreaterThan(0);
    expect(data.retryAfterMs).toBeLessThanOrEqual(60_000);
    await caller.call('list_notes');
  });

  it('sees when it sends too much, as the real status that it is, with the same words', async () => {
    const caller = await connected();
    await world.setPolicy({ limits: { subjectRate: { perMinute: 1, burst: 1 } } });
    const error = await firstRefusal(caller);
    expect(tooManyRequests.safeParse(error).success).toBe(true);
    const { message } = httpError.parse(error);
    const body = denial.parse(
      z.object({ error: z.unknown() }).parse(JSON.parse(message.slice(message.indexOf('{')))).error,
    );
    expect(body.message).toBe('The caller sends more requests than this server takes of one caller.');
    expect(body.data).toMatchObject({ reason: 'subject_rate_exceeded', httpStatus: 429 });
    expect(body.data.retryAfterMs).toBeGreaterThan(0);
  });
});

/** Calls until it is refused: what a client sent to connect may have used some of what it may send. */
async function firstRefusal(caller: Caller): Promise<unknown> {
  for (let count = 0; count < 5; count += 1) {
    const outcome = await caller.call('read_note').then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    if (outcome !== undefined) return outcome.error;
  }
  throw new Error('it was not refused');
}
