// The servers of one team, kept in Git with what is rendered from them. The platform is another repository's.
import { Auth, McpServer, ServersStack, SideEffect, Tool, Trust, type App } from '@mcp-runtime/platform';

export default function library(app: App): void {
  const stack = new ServersStack(app, 'library', { namespace: 'library' });

  const catalogue = new McpServer(stack, 'catalogue', {
    description: 'Books, and where they stand',
    image: 'registry.example.org/library/catalogue:5.0.2',
    auth: Auth.oauth({ issuerUrl: 'https://login.example.org', audience: 'catalogue' }),
    session: { required: false },
    tools: [Tool.read('search'), Tool.write('lend'), Tool.destructive('discard')],
  });
  catalogue.grant('librarians', {
    subject: { team: 'librarians' },
    maxTrust: Trust.MEDIUM,
    sideEffects: [SideEffect.READ, SideEffect.WRITE],
  });
}
