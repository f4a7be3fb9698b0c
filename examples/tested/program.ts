// A program that a team keeps under test: what has to hold of it is in program.test.ts beside it.
import {
  Auth,
  McpServer,
  ServersStack,
  SideEffect,
  Subject,
  Tool,
  ToolRule,
  Trust,
  type App,
} from '@mcp-runtime/platform';

export default function tested(app: App): void {
  const stack = new ServersStack(app, 'research', { namespace: 'research' });

  const papers = new McpServer(stack, 'papers', {
    image: 'registry.example.org/research/papers:3.1.0',
    auth: Auth.oauth({ issuerUrl: 'https://login.example.org', audience: 'papers' }),
    route: { host: 'papers.internal.example.org', ingressClass: 'internal' },
    tools: [Tool.read('search'), Tool.write('annotate'), Tool.destructive('retract')],
  });

  papers.grant('readers', {
    subject: Subject.ANY_VERIFIED,
    maxTrust: Trust.LOW,
    sideEffects: [SideEffect.READ],
  });
  papers.grant('editors', {
    subject: { team: 'editors' },
    maxTrust: Trust.MEDIUM,
    sideEffects: [SideEffect.READ, SideEffect.WRITE],
    tools: [ToolRule.allow('annotate')],
  });
  papers.session('review', {
    subject: { human: 'user-1' },
    consentedTrust: Trust.MEDIUM,
    expiresAt: '2030-01-01T00:00:00Z',
  });
}
