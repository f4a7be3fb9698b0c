// The official client of version 1, which agents still have: a denial reaches whoever wrote the agent with its reason,
// as an error of the protocol and not as a broken connection or a request to log in.
import { afterEach, describe, expect, it } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpError } from '@modelcontextprotocol/sdk/types.js';
import { notesListener } from './harness/notes.ts';
import { USER_1 } from './harness/policy.ts';
import { World } from './harness/world.ts';

let world: World;
const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await world.close();
});

async function connect(headers: Readonly<Record<string, string>> = USER_1): Promise<Client> {
  const client = new Client({ name: 'test-v1', version: '1.0.0' });
  clients.push(client);
  await client.connect(new StreamableHTTPClientTransport(new URL(world.url), { requestInit: { headers } }));
  return client;
}

/** What a call is refused with. */
async function refusal(call: Promise<unknown>): Promise<McpError> {
  const error: unknown = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof McpError) return error;
  throw new Error('it was not refused with an error of the protocol', { cause: error });
}

describe('the official client of version 1', () => {
  it('lists what it may call, calls it, and is told why it may not', async () => {
    world = await World.start({ upstream: notesListener() });
    const client = await connect();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toContain('read_note');
    expect(tools.map(({ name }) => name)).not.toContain('add_note');
    const called = await client.callTool({ name: 'read_note', arguments: { id: 'note-1' } });
    expect(JSON.stringify(called.content)).toContain('Welcome');
    const denied = client.callTool({ name: 'add_note', arguments: { title: 'a', body: 'b' } });
    expect(await refusal(denied)).toMatchObject({
      code: -32030,
      message: expect.stringContaining('trust'),
      data: { reason: 'trust_too_low', needed: { trust: 'high' } },
    });
    expect(await refusal(client.callTool({ name: 'secret' }))).toMatchObject({
      code: -32602,
      data: { reason: 'unknown_tool' },
    });
  });

  it.each([
    ['expired', 'session_expired'],
    ['revoked', 'session_revoked'],
    ['other', 'session_not_found'],
    ['nowhere', 'session_not_found'],
  ])('that connects with the session %s is told %s', async (session, reason) => {
    world = await World.start({ upstream: notesListener() });
    const error = await refusal(connect({ ...USER_1, 'x-mcp-agent-session': session }));
    expect(error).toMatchObject({ code: -32030, data: { reason, httpStatus: expect.any(Number) } });
    expect(error.message.length).toBeGreaterThan('MCP error -32030: '.length);
    expect(world.received).toEqual([]);
  });
});
