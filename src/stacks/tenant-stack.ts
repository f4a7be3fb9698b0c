// A team with a chart of its own, so that what belongs to one team is one file, one folder, one application. Servers are
// added to `team`; where another program brings them, its ServersStack names the namespace and doesn't make it.
import { Chart } from 'cdk8s';
import { Team, teamNamespace } from '#constructs/team/team.ts';
import type { TeamProps } from '#constructs/team/team-settings.ts';
import type { Construct } from 'constructs';

export type TenantStackProps = TeamProps;

export class TenantStack extends Chart {
  readonly team: Team;

  /**
   * @param id of the chart, and of the team unless `props` name another
   * @throws InvalidConstructError with everything that is wrong
   */
  constructor(scope: Construct, id: string, props: TenantStackProps = {}) {
    const namespace = props.namespace ?? teamNamespace(props.id ?? id);
    super(scope, id, { namespace, disableResourceNameHashes: true });
    this.team = new Team(this, 'team', { id, ...props });
  }
}
