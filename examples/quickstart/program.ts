// Two MCP servers, who may use them, and how far they are trusted.
//
//   npm start           runs this program on your machine, with a console
//   npx cdk8s synth     renders it to dist/, for a cluster
//
// What nobody grants is denied, and every decision is recorded with its reason.
import { Auth, BootstrapStack, McpServer, ServersStack, Tool, type App } from '@mcp-runtime/platform';
import { SideEffect, ToolRule, Trust } from '@mcp-runtime/platform';

const here = import.meta.dirname;
const everything = '../../node_modules/@modelcontextprotocol/server-everything/dist/index.js';

export default function quickstart(app: App): void {
  new BootstrapStack(app, 'bootstrap');
  const stack = new ServersStack(app, 'quickstart', { namespace: 'mcp-servers' });

  // A server of our own. Tools that are not declared here can't be called, whatever the server offers:
  // it has a debug_dump, and nobody will ever see it.
  const notes = new McpServer(stack, 'notes', {
    description: 'Notes of a small team',
    image: 'example.org/mcp/notes:1.0.0',
    port: 3000,
    auth: Auth.header(),
    // A session otherwise ends a day after it was made, or an hour after its last use, and tomorrow the example below
    // would be denied. This one is here to be played with; consent to real work is better short.
    session: { maxLifetime: '8760h', idleTimeout: '8760h' },
    tools: [
      Tool.read('list_notes', { requiredTrust: Trust.LOW }),
      Tool.read('read_note', { requiredTrust: Trust.LOW }),
      Tool.read('whoami', { requiredTrust: Trust.LOW }),
      Tool.read('export_notes', { requiredTrust: Trust.MEDIUM, description: 'Takes everything out at once' }),
      Tool.write('add_note', { requiredTrust: Trust.MEDIUM }),
      Tool.destructive('delete_note', { requiredTrust: Trust.HIGH }),
      Tool.destructive('purge_notes', { requiredTrust: Trust.HIGH }),
    ],
    local: { command: 'node', args: ['--import', 'tsx', 'servers/notes.ts'], cwd: here },
  });

  // One human with one agent may read and write. delete_note is named although its side effect isn't allowed: a
  // caller is told what a named tool lacks, and every other tool looks as if it didn't exist.
  const user = { human: 'user-1', agent: 'agent-1' };
  notes.grant('editors', {
    subject: user,
    maxTrust: Trust.MEDIUM,
    sideEffects: [SideEffect.READ, SideEffect.WRITE],
    tools: ['list_notes', 'read_note', 'whoami', 'export_notes', 'add_note', 'delete_note'].map((name) =>
      ToolRule.allow(name),
    ),
  });

  // A deny wins over every grant there is or will be: this human purges nothing, through no agent.
  notes.grant('no-purge', {
    subject: { human: 'user-1' },
    maxTrust: Trust.LOW,
    sideEffects: [],
    tools: [ToolRule.deny('purge_notes')],
  });

  // A call presents a session, the consent of its human for a time. These dates never change what you see here:
  // one session lives, one has expired, and one was revoked, which is for good.
  const consent = { subject: user, consentedTrust: Trust.MEDIUM };
  notes.session('demo', { ...consent, expiresAt: '9999-12-31T23:59:59Z' });
  notes.session('old', { ...consent, expiresAt: '2020-01-01T00:00:00Z' });
  notes.session('gone', { ...consent, expiresAt: '9999-12-31T23:59:59Z', revoked: true });

  // A server that nobody here wrote. Its get-env prints the environment of the process, so it is not declared.
  const demos = new McpServer(stack, 'everything', {
    description: 'The reference server of the protocol',
    image: 'example.org/mcp/everything:2026.8.31',
    port: 3001,
    auth: Auth.header(),
    session: { required: false },
    tools: [
      Tool.read('echo'),
      Tool.read('get-sum'),
      Tool.read('get-tiny-image'),
      Tool.read('trigger-long-running-operation', { requiredTrust: Trust.MEDIUM }),
      Tool.write('toggle-simulated-logging', { requiredTrust: Trust.LOW }),
    ],
    // It listens on every interface unless it is kept from that.
    local: {
      command: 'node',
      args: ['--import', './servers/loopback.mjs', everything, 'streamableHttp'],
      cwd: here,
    },
  });

  // A whole team may look, with little trust. A grant without rules covers every declared tool: what stops the long
  // operation is its trust, and what stops the toggle is its side effect.
  demos.grant('lab', { subject: { team: 'lab' }, maxTrust: Trust.LOW, sideEffects: [SideEffect.READ] });
}
