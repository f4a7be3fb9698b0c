// Programs as small as a test needs them.
import { App, Chart } from 'cdk8s';
import { SideEffect } from '#api/side-effect.ts';
import { Trust } from '#api/trust.ts';
import type { GrantProps } from '#constructs/access/access-grant.ts';
import type { SessionProps } from '#constructs/access/agent-session.ts';
import { InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { Auth } from '#constructs/server/auth.ts';
import { McpServer } from '#constructs/server/mcp-server.ts';
import type { McpServerProps } from '#constructs/server/mcp-server-props.ts';
import { Tool } from '#constructs/server/tool.ts';
import { synthesiseApp } from '#render/synthesise.ts';

/** A chart of the namespace `team-a`, in an app of its own. */
export function aChart(): Chart {
  return new Chart(new App(), 'demo', { namespace: 'team-a' });
}

/** A server with a tool of each side effect: `look`, `change`, `destroy`. */
export function aServer(chart: Chart, props: Partial<McpServerProps> = {}, id = 'notes'): McpServer {
  const tools = [Tool.read('look'), Tool.write('change'), Tool.destructive('destroy')];
  return new McpServer(chart, id, { image: 'example.org/notes:1', auth: Auth.header(), tools, ...props });
}

export function grantProps(props: Partial<GrantProps> = {}): GrantProps {
  const sideEffects = [SideEffect.READ];
  return { subject: { human: 'user-1' }, maxTrust: Trust.MEDIUM, sideEffects, ...props };
}

export function sessionProps(props: Partial<SessionProps> = {}): SessionProps {
  const expiresAt = '2030-01-01T00:00:00Z';
  return { subject: { human: 'user-1' }, consentedTrust: Trust.LOW, expiresAt, ...props };
}

/** Everything that the app around a chart renders. */
export function manifestsOf(chart: Chart): readonly Manifest[] {
  return synthesiseApp(App.of(chart)).charts.flatMap(({ objects }) => objects.map((o) => o.manifest));
}

/** The one object of a kind. */
export function manifestOfKind(chart: Chart, kind: string): Manifest {
  const found = manifestsOf(chart).filter((manifest) => manifest.kind === kind);
  const [only] = found;
  if (only === undefined || found.length > 1) throw new Error(`${found.length} objects of kind ${kind}`);
  return only;
}

/** What a construct says against its input. */
export function refusal(build: () => unknown): InvalidConstructError {
  try {
    build();
  } catch (error) {
    if (error instanceof InvalidConstructError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}
