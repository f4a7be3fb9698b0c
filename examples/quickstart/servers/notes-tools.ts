// The tools of the notes server. What each one needs (trust) and does (side effect) is declared in the
// program beside the server, not here: a server's own annotations are hints, and policy never believes them.
import { setTimeout as sleep } from 'node:timers/promises';
import { McpServer, type CallToolResult, type ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Notebook } from './notebook.ts';

const noteId = z.object({ id: z.string().max(64).describe('The id of a note, such as note-1') });
const readOnly = { readOnlyHint: true };
const destructive = { readOnlyHint: false, destructiveHint: true };

function said(text: string): CallToolResult {
  return { content: [{ type: 'text', text }] };
}

/** A failure that the model may read and act on, unlike a protocol error. */
function failed(text: string): CallToolResult {
  return { ...said(text), isError: true };
}

function registerReading(server: McpServer, notebook: Notebook): void {
  server.registerTool('list_notes', { description: 'Lists ids and titles', annotations: readOnly }, () =>
    said(
      notebook
        .list()
        .map(({ id, title }) => `${id}: ${title}`)
        .join('\n'),
    ),
  );
  server.registerTool(
    'read_note',
    { description: 'Reads one note', inputSchema: noteId, annotations: readOnly },
    ({ id }) => {
      const note = notebook.read(id);
      return note === undefined ? failed(`There is no note ${id}.`) : said(`${note.title}\n\n${note.body}`);
    },
  );
  server.registerTool(
    'export_notes',
    {
      description: 'Writes out every note, and reports progress after each one',
      inputSchema: z.object({
        pauseMs: z.number().int().min(0).max(10_000).default(0).describe('Rest after each note'),
      }),
      annotations: readOnly,
    },
    ({ pauseMs }, context) => exportNotes(notebook, pauseMs, context),
  );
}

/** Progress is sent only to a caller that asked for it, as the protocol has it. */
async function exportNotes(
  notebook: Notebook,
  pauseMs: number,
  { mcpReq }: ServerContext,
): Promise<CallToolResult> {
  const notes = notebook.list();
  const pages: string[] = [];
  for (const { id, title, body } of notes) {
    pages.push(`# ${title}\n\n${body}`);
    const progressToken = mcpReq._meta?.progressToken;
    if (progressToken !== undefined) {
      await mcpReq.notify({
        method: 'notifications/progress',
        params: { progressToken, progress: pages.length, total: notes.length, message: id },
      });
    }
    await sleep(pauseMs, undefined, { signal: mcpReq.signal });
  }
  return said(pages.join('\n\n'));
}

function registerWriting(server: McpServer, notebook: Notebook): void {
  server.registerTool(
    'add_note',
    {
      description: 'Adds a note',
      inputSchema: z.object({ title: z.string().min(1).max(200), body: z.string().max(10_000) }),
      annotations: { readOnlyHint: false, destructiveHint: false },
    },
    ({ title, body }) => {
      const note = notebook.add(title, body);
      return note === undefined ? failed('The notebook is full.') : said(`Added ${note.id}.`);
    },
  );
  server.registerTool(
    'delete_note',
    { description: 'Deletes one note', inputSchema: noteId, annotations: destructive },
    ({ id }) => (notebook.delete(id) ? said(`Deleted ${id}.`) : failed(`There is no note ${id}.`)),
  );
  server.registerTool('purge_notes', { description: 'Deletes every note', annotations: destructive }, () =>
    said(`Deleted ${notebook.purge()} notes.`),
  );
}

function registerTelling(server: McpServer, notebook: Notebook): void {
  server.registerTool(
    'whoami',
    { description: 'Tells whom the proxy said is calling', annotations: readOnly },
    ({ http }) => {
      const headers = [...(http?.req?.headers ?? [])].filter(([name]) => name.startsWith('x-mcp-'));
      return said(JSON.stringify(Object.fromEntries(headers)));
    },
  );
  // The program does not declare this one, as happens with a tool that came with an update: policy hides it.
  server.registerTool('debug_dump', { description: 'Dumps what the server holds' }, () =>
    said(JSON.stringify(notebook.list())),
  );
}

/** A server over a shared notebook. One is made for each request: instances hold a caller's state. */
export function notesServer(notebook: Notebook): McpServer {
  const server = new McpServer({ name: 'notes', version: '1.0.0' });
  registerReading(server, notebook);
  registerWriting(server, notebook);
  registerTelling(server, notebook);
  return server;
}
