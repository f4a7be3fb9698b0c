// A team of a cluster: a namespace of its own that is closed, bounded and hardened before anything runs in it, and
// opened by name to the people and destinations that were said.
import { z } from 'zod';
import { dnsLabel } from '#api/schema.ts';
import { problemsOf } from '#api/sentences.ts';
import { clusterScoped } from '#constructs/kit/cluster-scoped.ts';
import { constructPath, InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
import { KubeNamespace } from '#constructs/kit/kubernetes.ts';
import { claimNamespace } from '#constructs/kit/namespace-of.ts';
import { RESTRICTED_NAMESPACE } from '#constructs/kit/security.ts';
import { McpServer } from '#constructs/server/mcp-server.ts';
import type { McpServerProps } from '#constructs/server/mcp-server-props.ts';
import { Construct } from 'constructs';
import { addLimits, addQuota } from './bounds.ts';
import type { Member } from './member.ts';
import { OWNER_ANNOTATION, teamLabels, type TeamIdentity } from './metadata.ts';
import { addNetworkPolicies } from './network.ts';
import { addDuty } from './people.ts';
import { teamSettings, type TeamDuty, type TeamProps, type TeamSettings } from './team-settings.ts';

/** The namespace of a team, unless it chooses another. */
export function teamNamespace(id: string): string {
  return `mcp-team-${id}`;
}

interface Draft {
  readonly identity: TeamIdentity;
  readonly settings: TeamSettings;
}

/** Who the team is, and everything decided about it. @throws InvalidConstructError with everything that is wrong */
function draft(path: string, id: string, props: TeamProps): Draft {
  const parsed = z.safeParse(teamSettings, props, { reportInput: true });
  if (!parsed.success) throw new InvalidConstructError('Team', path, problemsOf([], parsed.error));
  const team = parsed.data.id ?? id;
  const namespace = parsed.data.namespace ?? teamNamespace(team);
  const named = z.safeParse(dnsLabel, namespace, { reportInput: true });
  if (!named.success) throw new InvalidConstructError('Team', path, problemsOf(['namespace'], named.error));
  return { identity: { id: team, namespace }, settings: parsed.data };
}

function addTeamNamespace(
  scope: Construct,
  { id, namespace }: TeamIdentity,
  owner: string | undefined,
): void {
  const labels = { ...teamLabels(id), ...RESTRICTED_NAMESPACE };
  const annotations = owner === undefined ? undefined : { [OWNER_ANNOTATION]: owner };
  clusterScoped(
    new KubeNamespace(scope, 'namespace', { metadata: { name: namespace, labels, annotations } }),
  );
}

export class Team extends Construct {
  /** What callers and grants name: `subject: { team: team.teamId }`. */
  readonly teamId: string;
  readonly namespace: string;
  readonly #identity: TeamIdentity;
  readonly #members = new Map<TeamDuty, Member[]>();

  /** @throws InvalidConstructError with everything that is wrong */
  constructor(scope: Construct, id: string, props: TeamProps = {}) {
    const { identity, settings } = draft(constructPath(scope, id), id, props);
    super(scope, id);
    this.#identity = identity;
    this.teamId = identity.id;
    this.namespace = identity.namespace;
    claimNamespace(this, identity.namespace);
    addTeamNamespace(this, identity, settings.owner);
    addQuota(this, identity, settings);
    addLimits(this, identity, settings);
    addNetworkPolicies(this, identity, settings);
    for (const duty of ['view', 'deploy', 'grant', 'consent', 'revoke'] as const) {
      this.#open(duty, settings.members[duty]);
    }
  }

  /** Adds a server to the team, in its namespace. @throws InvalidConstructError */
  server(id: string, props: McpServerProps): McpServer {
    return new McpServer(this, id, { team: this.teamId, ...props });
  }

  /** These may look at everything but secrets. */
  letView(...members: readonly Member[]): this {
    return this.#open('view', members);
  }

  /** These may deploy servers and change what else is in the namespace; who uses the servers is decided by others. */
  letDeploy(...members: readonly Member[]): this {
    return this.#open('deploy', members);
  }

  /** These may give standing permissions for the team's servers. */
  letGrant(...members: readonly Member[]): this {
    return this.#open('grant', members);
  }

  /** These may open sessions for the team's servers. */
  letConsent(...members: readonly Member[]): this {
    return this.#open('consent', members);
  }

  /** These may disable grants and revoke sessions, and nothing else: for whoever is on call. */
  letRevoke(...members: readonly Member[]): this {
    return this.#open('revoke', members);
  }

  #open(duty: TeamDuty, members: readonly Member[]): this {
    if (members.length === 0) return this;
    const all = this.#members.get(duty);
    if (all !== undefined) {
      all.push(...members);
      return this;
    }
    const first = [...members];
    this.#members.set(duty, first);
    addDuty(this, this.#identity, duty, () => first);
    return this;
  }
}
