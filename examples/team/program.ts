// A team with five servers, and the platform that they run on. What all five have in common is said once, in `addServer`;
// what each is for stands in a table, so that a review sees in one place who may do what.
import {
  Auth,
  Platform,
  readEnvironment,
  SideEffect,
  Tool,
  ToolRule,
  Trust,
  type App,
  type Team,
} from '@mcp-runtime/platform';

interface Purpose {
  readonly description: string;
  readonly version: string;
  readonly reads: readonly string[];
  /** What changes something, and the only team that may. */
  readonly writes?: { readonly tools: readonly string[]; readonly by: string };
}

/** Whoever answers customers may write to them; money goes back only by the hand of a lead. */
const purposes: Readonly<Record<string, Purpose>> = {
  tickets: {
    description: 'What customers ask',
    version: '4.2.0',
    reads: ['find', 'read'],
    writes: { tools: ['answer', 'close'], by: 'support' },
  },
  orders: {
    description: 'What customers bought',
    version: '2.0.0',
    reads: ['list', 'read'],
    writes: { tools: ['refund'], by: 'support-leads' },
  },
  customers: { description: 'Who our customers are', version: '1.9.3', reads: ['find', 'read'] },
  manuals: { description: 'How our products work', version: '7.1.0', reads: ['search', 'read'] },
  status: { description: 'What is down just now', version: '1.0.4', reads: ['now', 'history'] },
};

function addServer(team: Team, name: string, { description, version, reads, writes }: Purpose): void {
  const server = team.server(name, {
    description,
    image: `registry.example.org/support/${name}:${version}`,
    auth: Auth.oauth({ issuerUrl: 'https://login.example.org', audience: name }),
    session: { required: false },
    tools: [
      ...reads.map((tool) => Tool.read(tool)),
      ...(writes?.tools ?? []).map((tool) => Tool.write(tool)),
    ],
  });
  server.grant(`${name}-readers`, {
    subject: { team: 'support' },
    maxTrust: Trust.LOW,
    sideEffects: [SideEffect.READ],
  });
  if (writes === undefined) return;
  server.grant(`${name}-writers`, {
    subject: { team: writes.by },
    maxTrust: Trust.MEDIUM,
    sideEffects: [SideEffect.WRITE],
    tools: writes.tools.map((tool) => ToolRule.allow(tool)),
  });
}

export default function support(app: App): void {
  const platform = new Platform(app, readEnvironment(new URL('./environment.yaml', import.meta.url)));
  const team = platform.team('support');
  for (const [name, purpose] of Object.entries(purposes)) addServer(team, name, purpose);
}
