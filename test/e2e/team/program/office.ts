// What the test of a team's platform runs, in three states: as it was installed, with its servers changed, and with the
// platform upgraded. All of it is read from one environment file, as a user's would be.
import type { App } from 'cdk8s';
import { SideEffect } from '#api/side-effect.ts';
import { Trust } from '#api/trust.ts';
import { ToolRule } from '#constructs/access/tool-rule.ts';
import { Auth } from '#constructs/server/auth.ts';
import { McpServer } from '#constructs/server/mcp-server.ts';
import type { McpServerProps } from '#constructs/server/mcp-server-props.ts';
import { Tool } from '#constructs/server/tool.ts';
import type { Team } from '#constructs/team/team.ts';
import { readEnvironment } from '#render/read-environment.ts';
import { Platform } from '#stacks/platform.ts';

export interface Office {
  /** Tag of the platform's own images. */
  readonly tag: string;
  /** Image of the team's servers. */
  readonly image: string;
  /** Name of the backup that its sentinel starts from, where its events were lost. */
  readonly backup?: string | undefined;
  /** Whether people may also write notes, there is a server more, and one grant less. */
  readonly changed: boolean;
}

/** Variable with the name of the backup of state `restored`. */
export const RESTORED_BACKUP = 'OFFICE_BACKUP';

/** A namespace that is somebody else's, with one server in it. */
export const VISITORS = 'visitors';

const READ = [Tool.read('list_notes'), Tool.read('read_note')];

const notes = (image: string, more: Partial<McpServerProps> = {}): McpServerProps => ({
  image,
  auth: Auth.header(),
  port: 3000,
  tools: READ,
  ...more,
});

const READERS = { maxTrust: Trust.LOW, sideEffects: [SideEffect.READ] } as const;

/** What people may do with the manuals, before and after. */
function addManuals(team: Team, { image, changed }: Office): void {
  const write = changed ? [Tool.write('add_note')] : [];
  const manuals = team.server(
    'manuals',
    notes(image, { replicas: 2, session: { required: false }, tools: [...READ, ...write] }),
  );
  manuals.grant('manuals-readers', { subject: { team: 'support' }, ...READERS });
  if (!changed) {
    manuals.grant('manuals-guests', { subject: { human: 'guest' }, ...READERS });
    return;
  }
  manuals.grant('manuals-writers', {
    subject: { human: 'grace' },
    maxTrust: Trust.MEDIUM,
    sideEffects: [SideEffect.WRITE],
    tools: [ToolRule.allow('add_note')],
  });
}

function addTickets(team: Team, { image }: Office): void {
  const tickets = team.server('tickets', notes(image, { replicas: 2 }));
  tickets.grant('tickets-readers', { subject: { human: 'ada' }, ...READERS });
  for (const session of ['ada-day', 'ada-night']) {
    tickets.session(session, {
      subject: { human: 'ada' },
      consentedTrust: Trust.LOW,
      expiresAt: '2999-01-01T00:00:00Z',
    });
  }
}

export function office(app: App, state: Office): void {
  const environment = readEnvironment(new URL('./environment.yaml', import.meta.url));
  const platform = new Platform(app, {
    ...environment,
    images: { ...environment.images, tag: state.tag },
    ...(state.backup !== undefined && { sentinel: { backup: { restoreFrom: { name: state.backup } } } }),
  });
  const team = platform.team('support');
  addManuals(team, state);
  addTickets(team, state);
  const open = notes(state.image, { session: { required: false } });
  if (state.changed)
    team.server('papers', open).grant('papers-readers', { subject: { team: 'support' }, ...READERS });
  const visitors = platform.servers('visitors', { namespace: VISITORS, createNamespace: false });
  new McpServer(visitors, 'guests', open).grant('guests-readers', {
    subject: { team: 'support' },
    ...READERS,
  });
}
