// A server that needs a secret. The program names it; who has its value is index.ts.
import { Auth, McpServer, ServersStack, SideEffect, Tool, Trust, type App } from '@mcp-runtime/platform';

export const NAMESPACE = 'assistant';
export const SECRET = { name: 'search-key', key: 'key' } as const;

export default function assistant(app: App): void {
  const stack = new ServersStack(app, 'assistant', { namespace: NAMESPACE });
  const search = new McpServer(stack, 'search', {
    description: 'Searches the web',
    image: 'registry.example.org/assistant/search:1.3.0',
    auth: Auth.oauth({ issuerUrl: 'https://login.example.org', audience: 'search' }),
    session: { required: false },
    secretEnv: { SEARCH_KEY: { secret: SECRET.name, key: SECRET.key } },
    tools: [Tool.read('search')],
  });
  search.grant('everybody', {
    subject: { team: 'staff' },
    maxTrust: Trust.LOW,
    sideEffects: [SideEffect.READ],
  });
}
