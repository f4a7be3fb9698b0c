// An MCP server as its author writes it: no policy, no identity, no audit, for those are the proxy's work.
// It serves both protocol eras on /mcp: 2026-07-28, and 2025-11-25 and older without sessions.
//
//   PORT  the port; 0 takes a free one (default 3000)
//   HOST  the address to listen on (default 127.0.0.1, where only the proxy beside it can call)
import { createServer } from 'node:http';
import { createMcpHandler } from '@modelcontextprotocol/server';
import {
  localhostHostValidation,
  localhostOriginValidation,
  toNodeHandler,
} from '@modelcontextprotocol/node';
import { z } from 'zod';
import { Notebook } from './notebook.ts';
import { notesServer } from './notes-tools.ts';

/** Calls under way get this long to end after SIGTERM. */
const drainMs = 5_000;

const { PORT, HOST } = z
  .object({
    PORT: z.coerce.number().int().min(0).max(65_535).default(3_000),
    HOST: z.string().min(1).default('127.0.0.1'),
  })
  .parse(process.env);

const notebook = new Notebook();
const mcp = createMcpHandler(() => notesServer(notebook), { onerror: report });
const answer = toNodeHandler(mcp, { onerror: report });
const allowsHost = localhostHostValidation();
const allowsOrigin = localhostOriginValidation();

function report(error: Error): void {
  process.stderr.write(`notes: ${error.message}\n`);
}

const server = createServer((request, response) => {
  if (!allowsHost(request, response) || !allowsOrigin(request, response)) return;
  if (request.url?.split('?')[0] === '/mcp') void answer(request, response);
  else response.writeHead(404).end();
});

server.on('error', (error) => {
  report(error);
  process.exitCode = 1;
});

server.listen(PORT, HOST, () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : PORT;
  process.stdout.write(`notes: listening on http://${HOST}:${port}/mcp\n`);
});

function stop(): void {
  server.close();
  setTimeout(() => {
    void mcp.close();
    server.closeAllConnections();
  }, drainMs).unref();
}

process.once('SIGTERM', stop);
process.once('SIGINT', stop);
