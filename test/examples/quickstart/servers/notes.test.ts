import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client, ProtocolError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const root = path.resolve(import.meta.dirname, '../../../..');

interface Running {
  readonly child: ChildProcess;
  readonly url: string;
}

/** The server as the local platform starts it: a child process on a free port. */
async function startNotes(): Promise<Running> {
  const child = spawn(process.execPath, ['--import', 'tsx', 'examples/quickstart/servers/notes.ts'], {
    cwd: root,
    env: { ...process.env, PORT: '0', HOST: '127.0.0.1' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let said = '';
  for await (const chunk of child.stdout) {
    said += String(chunk);
    const url = /listening on (\S+)\n/.exec(said)?.[1];
    if (url !== undefined) return { child, url };
  }
  throw new Error(`the server ended before it listened: ${said}`);
}

async function stopped(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
  return child.exitCode;
}

const eras = [
  { era: '2025-11-25', options: {} },
  { era: '2026-07-28', options: { versionNegotiation: { mode: { pin: '2026-07-28' } } } },
] as const;

async function connected(
  url: string,
  options: (typeof eras)[number]['options'],
  headers: Readonly<Record<string, string>> = {},
): Promise<Client> {
  const client = new Client({ name: 'notes-test', version: '1.0.0' }, options);
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return client;
}

async function text(client: Client, name: string, args: Record<string, unknown> = {}): Promise<string> {
  const { content } = await client.callTool({ name, arguments: args });
  return content.map((block) => (block.type === 'text' ? block.text : block.type)).join('');
}

describe('the notes server', () => {
  let notes: Running;
  beforeAll(async () => {
    notes = await startNotes();
  });
  afterAll(async () => {
    await stopped(notes.child);
  });

  describe.each(eras)('spoken to in $era', ({ era, options }) => {
    let client: Client;
    beforeAll(async () => {
      client = await connected(notes.url, options, { 'X-MCP-Human-ID': 'user-1', 'X-Other': 'unseen' });
    });
    afterAll(() => client.close());

    it('negotiates that revision', () => {
      expect(client.getNegotiatedProtocolVersion()).toBe(era);
    });

    it('lists the seven tools that the program declares, and one that it does not', async () => {
      const { tools } = await client.listTools();
      expect(tools.map(({ name }) => name).sort()).toEqual([
        'add_note',
        'debug_dump',
        'delete_note',
        'export_notes',
        'list_notes',
        'purge_notes',
        'read_note',
        'whoami',
      ]);
    });

    it('keeps what is added until it is deleted', async () => {
      const added = await text(client, 'add_note', { title: era, body: 'kept' });
      const id = /^Added (note-\d+)\.$/.exec(added)?.[1] ?? 'none';
      expect(await text(client, 'list_notes')).toContain(`${id}: ${era}`);
      expect(await text(client, 'read_note', { id })).toBe(`${era}\n\nkept`);
      expect(await text(client, 'delete_note', { id })).toBe(`Deleted ${id}.`);
      expect(await client.callTool({ name: 'read_note', arguments: { id } })).toMatchObject({
        isError: true,
      });
    });

    it('streams one progress notification for each note, and none to who asks for none', async () => {
      const seen: string[] = [];
      const result = await client.callTool(
        { name: 'export_notes', arguments: {} },
        { onprogress: ({ progress, total }) => seen.push(`${progress}/${total ?? 0}`) },
      );
      expect(seen).toEqual(['1/3', '2/3', '3/3']);
      expect(await text(client, 'export_notes')).toContain('# Groceries');
      expect(result.isError ?? false).toBe(false);
    });

    it('tells the identity headers that reached it, and no others', async () => {
      expect(JSON.parse(await text(client, 'whoami'))).toEqual({ 'x-mcp-human-id': 'user-1' });
    });

    it('refuses a tool that it does not have with a protocol error', async () => {
      const call = client.callTool({ name: 'no_such_tool', arguments: {} });
      await expect(call).rejects.toBeInstanceOf(ProtocolError);
    });
  });

  it('refuses a Host that is not this machine', async () => {
    const { hostname, port } = new URL(notes.url);
    const status = await new Promise((resolve, reject) => {
      request({ hostname, port, path: '/mcp', method: 'POST', headers: { host: 'evil.example' } })
        .on('response', (response) => resolve(response.resume().statusCode))
        .on('error', reject)
        .end('{}');
    });
    expect(status).toBe(403);
  });

  it('answers other paths with 404', async () => {
    expect((await fetch(new URL('/elsewhere', notes.url))).status).toBe(404);
  });

  it('ends with code 0 on SIGTERM, and purging empties it before', async () => {
    const own = await startNotes();
    const client = await connected(own.url, {});
    expect(await text(client, 'purge_notes')).toBe('Deleted 3 notes.');
    expect(await text(client, 'list_notes')).toBe('');
    await client.close();
    expect(await stopped(own.child)).toBe(0);
  });
});
