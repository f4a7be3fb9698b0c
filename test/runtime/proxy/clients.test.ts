// The official client of today against a server written with the official SDK, through the proxy, in both eras.
import { afterEach, describe, expect, it } from '@jest/globals';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { notesListener } from './harness/notes.ts';
import { USER_1, USER_2 } from './harness/policy.ts';
import { World } from './harness/world.ts';

let world: World;
const clients: Client[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
  await world.close();
});

async function connect(
  mode: 'legacy' | 'auto',
  headers: Readonly<Record<string, string>> = USER_1,
): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(world.url), { requestInit: { headers } }));
  clients.push(client);
  return client;
}

describe.each<['legacy' | 'auto', 'legacy' | 'modern']>([
  ['legacy', 'legacy'],
  ['auto', 'modern'],
])('the official client, versions negotiated by %s', (mode, era) => {
  it('lists what it may call, calls it, and is told why it may not', async () => {
    world = await World.start({ upstream: notesListener() });
    const client = await connect(mode);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual([
      'delete_note',
      'export_notes',
      'list_notes',
      'read_note',
    ]);
    const called = await client.callTool({ name: 'read_note', arguments: { id: 'note-1' } });
    expect(called.isError).not.toBe(true);
    expect(JSON.stringify(called.content)).toContain('text');
    await expect(
      client.callTool({ name: 'add_note', arguments: { title: 'a', body: 'b' } }),
    ).rejects.toMatchObject({
      code: -32030,
      message: expect.stringContaining('trust'),
      data: { reason: 'trust_too_low', needed: { trust: 'high' } },
    });
    await expect(client.callTool({ name: 'secret' })).rejects.toMatchObject({
      code: -32602,
      data: { reason: 'unknown_tool' },
    });
    const toolEvents = () =>
      world.ingest.events.filter(({ payload }) => payload.rpc_method?.startsWith('tools/'));
    await world.until(() => toolEvents().length >= 4);
    expect(new Set(toolEvents().map(({ payload }) => payload.era))).toEqual(new Set([era]));
    const events = world.ingest.events.map(({ payload }) => payload);
    expect(events.find(({ client: name }) => name !== undefined)?.client).toBe('test/1.0.0');
  });

  it('gets progress while a call runs', async () => {
    world = await World.start({ upstream: notesListener() });
    const client = await connect(mode);
    const progress: number[] = [];
    await client.callTool(
      { name: 'export_notes', arguments: { pauseMs: 5 } },
      { onprogress: ({ progress: done }) => progress.push(done) },
    );
    expect(progress.length).toBeGreaterThan(0);
  });

  it('cancels a call', async () => {
    world = await World.start({ upstream: notesListener() });
    const client = await connect(mode);
    const stop = new AbortController();
    const call = client.callTool(
      { name: 'export_notes', arguments: { pauseMs: 5000 } },
      { signal: stop.signal, onprogress: () => stop.abort() },
    );
    await expect(call).rejects.toThrow();
    await world.until(() =>
      world.ingest.events.some(
        ({ payload }) =>
          payload.reason === 'client_closed' || payload.rpc_method === 'notifications/cancelled',
      ),
    );
  });

  it('sees another list as another caller', async () => {
    world = await World.start({ upstream: notesListener() });
    const client = await connect(mode, USER_2);
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['delete_note']);
  });
});
