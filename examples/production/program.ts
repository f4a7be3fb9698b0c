// An environment that people work in: a Gateway with a certificate, two of everything that decides, a registry that is
// there, and a team that brings a server. What would not be safe is refused when this is synthesised.
//
//   MCP_RUNTIME_PROGRAM=examples/production/program.ts npx cdk8s synth
import {
  Auth,
  Platform,
  readEnvironment,
  SideEffect,
  silence,
  Tool,
  Trust,
  type App,
} from '@mcp-runtime/platform';

export default function production(app: App): void {
  const platform = new Platform(app, readEnvironment(new URL('./environment.yaml', import.meta.url)));

  const notes = platform.team('lab').server('notes', {
    description: 'Notes of the lab',
    image: 'lab/notes:1.4.0',
    useProvisionedRegistry: true,
    auth: Auth.header(),
    replicas: 2,
    tools: [Tool.read('list_notes'), Tool.write('add_note'), Tool.destructive('purge_notes')],
    network: { egress: [{ cidr: '198.51.100.7/32', ports: [{ port: 5432 }] }] },
  });

  // In production, who believes headers says why.
  silence(notes, 'asserted-identity', {
    reason:
      'The edge before the Gateway authenticates callers and sets the headers; nothing else reaches it.',
  });

  notes.grant('writers', {
    subject: { team: 'lab' },
    maxTrust: Trust.MEDIUM,
    sideEffects: [SideEffect.READ, SideEffect.WRITE],
  });
}
