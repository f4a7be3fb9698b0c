// Programs that tests write: a server that speaks the protocol, and some that do everything wrong.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './platform-process.ts';

/** Programs find the library by its name only from inside the repository. */
export const programsFolder = path.join(root, '.build', 'tests');

const notes = path.join(root, 'examples/quickstart/servers/notes.ts');

export interface ProgramOptions {
  /** Statements within the program, after the server `notes` is made. */
  readonly more?: string;
  /** Tools that the grant names. */
  readonly tools?: readonly string[];
}

export const user = { human: 'user-1', agent: 'agent-1' } as const;

/** A program with one server, `notes`, one grant, and the session `demo`. */
export function programText({ more = '', tools = ['list_notes'] }: ProgramOptions = {}): string {
  return `
import { Auth, McpServer, ServersStack, SideEffect, Tool, ToolRule, Trust } from '@mcp-runtime/platform';
import { ApiObject, type App } from 'cdk8s';

export default function program(app: App): void {
  const stack = new ServersStack(app, 'demo', { namespace: 'demo' });
  const user = ${JSON.stringify(user)};
  const silent = (id: string, script: string) =>
    new McpServer(stack, id, {
      image: 'example.org/mcp/' + id + ':1',
      auth: Auth.header(),
      local: { command: 'node', args: ['-e', script], cwd: import.meta.dirname },
    });
  const notes = new McpServer(stack, 'notes', {
    image: 'example.org/mcp/notes:1',
    auth: Auth.header(),
    tools: [Tool.read('list_notes'), Tool.read('read_note'), Tool.read('export_notes'), Tool.write('add_note')],
    local: { command: 'node', args: ['--import', ${JSON.stringify(import.meta.resolve('tsx'))}, ${JSON.stringify(notes)}], cwd: import.meta.dirname },
  });
  notes.grant('readers', {
    subject: user,
    maxTrust: Trust.HIGH,
    sideEffects: [SideEffect.READ, SideEffect.WRITE],
    tools: ${JSON.stringify(tools)}.map((name) => ToolRule.allow(name)),
  });
  notes.session('demo', { subject: user, consentedTrust: Trust.HIGH, expiresAt: '9999-12-31T23:59:59Z' });
  ${more}
}
`;
}

export function writeProgram(folder: string, text: string): string {
  const file = path.join(folder, 'program.ts');
  writeFileSync(file, text);
  return file;
}
