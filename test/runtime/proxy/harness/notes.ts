// The quickstart's own server, in this process: both protocol eras, written with the official SDK.
import type http from 'node:http';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { Notebook } from '../../../../examples/quickstart/servers/notebook.ts';
import { notesServer } from '../../../../examples/quickstart/servers/notes-tools.ts';

export function notesListener(): http.RequestListener {
  const notebook = new Notebook();
  const answer = toNodeHandler(createMcpHandler(() => notesServer(notebook)));
  return (request, response) => void answer(request, response);
}
