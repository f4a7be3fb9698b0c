// One server with many sessions, to be revoked one after the other.
import { Auth, McpServer, ServersStack, SideEffect, Tool, Trust, type App } from '@mcp-runtime/platform';

export const namespace = 'bench';
export const tool = 'list_notes';
export const subject = { human: 'human', agent: 'agent' } as const;
export const sessions: readonly string[] = Array.from({ length: 50 }, (_, i) => `session-${i}`);

export default function revokeProgram(app: App): void {
  const stack = new ServersStack(app, namespace, { namespace });
  const server = new McpServer(stack, 'notes', {
    description: 'The notes of the quickstart',
    image: 'example.org/mcp/notes:1.0.0',
    port: 3000,
    auth: Auth.header(),
    tools: [Tool.read(tool)],
    local: {
      command: 'node',
      args: ['--import', 'tsx', 'examples/quickstart/servers/notes.ts'],
      cwd: `${import.meta.dirname}/../..`,
    },
  });
  server.grant('readers', { subject, maxTrust: Trust.LOW, sideEffects: [SideEffect.READ] });
  for (const name of sessions) {
    server.session(name, { subject, consentedTrust: Trust.LOW, expiresAt: '9999-12-31T23:59:59Z' });
  }
}
