import { describe, expect, it } from '@jest/globals';
import { controlPlaneObjects } from '#constructs/control-plane/control-plane.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { Auth } from '#constructs/server/auth.ts';
import { McpServer } from '#constructs/server/mcp-server.ts';
import { Member } from '#constructs/team/member.ts';
import { DUTIES } from '#constructs/team/people.ts';
import { Team } from '#constructs/team/team.ts';
import type { TeamProps } from '#constructs/team/team-settings.ts';
import { checked } from '../../checks/program.ts';
import { aChart, manifestsOf, refusal } from '../build.ts';
import { PROPS } from '../control-plane/build.ts';

const server = { image: 'example.org/notes:1', auth: Auth.header() };

function objectsOf(
  props: TeamProps = {},
  use: (team: Team) => unknown = () => undefined,
): readonly Manifest[] {
  const chart = aChart();
  use(new Team(chart, 'lab', props));
  return manifestsOf(chart);
}

function objectOf(objects: readonly Manifest[], kind: string, name: string): Manifest {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

describe('Team', () => {
  it('is a namespace that is closed, bounded and hardened', () => {
    expect(objectsOf({ owner: 'lab@example.org', egress: [{ cidr: '203.0.113.0/24' }] })).toMatchSnapshot();
  });

  it('is in its own namespace, whatever the chart around it, and nowhere else', () => {
    for (const { kind, metadata } of objectsOf({}, (team) => team.server('notes', server))) {
      expect([kind, metadata.namespace]).toEqual([kind, kind === 'Namespace' ? undefined : 'mcp-team-lab']);
    }
  });

  it('lets nothing pass before a server is there, but names', () => {
    const policies = objectsOf().filter(({ kind }) => kind === 'NetworkPolicy');
    expect(policies.map(({ metadata }) => metadata.name)).toEqual(['default-deny', 'allow-dns']);
    expect(policies[0]?.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    expect(policies[1]?.spec).toMatchObject({
      policyTypes: ['Egress'],
      egress: [
        {
          ports: [
            { port: 53, protocol: 'UDP' },
            { port: 53, protocol: 'TCP' },
          ],
        },
      ],
    });
  });

  it('gives its servers their namespace and team, made either way', () => {
    const servers = objectsOf({ id: 'research', namespace: 'research' }, (team) => {
      team.server('notes', server);
      new McpServer(team, 'search', { ...server, route: { prefix: 'search' } });
    }).filter(({ kind }) => kind === 'MCPServer');
    expect(servers.map(({ metadata, spec }) => [metadata.namespace, spec])).toEqual([
      ['research', expect.objectContaining({ teamID: 'research' })],
      ['research', expect.not.objectContaining({ teamID: expect.anything() })],
    ]);
  });

  it('makes no way in of its own, unless it says why', () => {
    const hardOf = (props: TeamProps) => objectOf(objectsOf(props), 'ResourceQuota', 'team').spec;
    const closed = { 'services.loadbalancers': '0', 'services.nodeports': '0' };
    expect(hardOf({})).toMatchObject({ hard: closed });
    expect(hardOf({ ownEntrances: { reason: 'It runs a game server.' } })).toEqual({
      hard: expect.not.objectContaining(closed),
    });
  });

  it('opens to people by duty, all of one duty in one binding', () => {
    const objects = objectsOf({ members: { view: [Member.group('everybody')] } }, (team) => {
      team.letDeploy(Member.group('lab'), Member.serviceAccount('ci', 'deployer'));
      team.letView(Member.user('auditor')).letGrant(Member.user('lead')).letConsent(Member.user('lead'));
      team.letRevoke(Member.group('on-call'));
    });
    const bindings = objects.filter(({ kind }) => kind === 'RoleBinding');
    expect(bindings.map(({ metadata }) => metadata.name)).toEqual(
      Object.values(DUTIES).map(({ binding }) => binding),
    );
    expect(bindings).toMatchSnapshot();
  });

  it('binds roles that there are', () => {
    const ours = controlPlaneObjects(PROPS).filter(({ kind }) => kind === 'ClusterRole');
    const known = ['view', 'edit', ...ours.map(({ metadata }) => metadata.name)];
    expect(Object.values(DUTIES).filter(({ clusterRole }) => !known.includes(clusterRole))).toEqual([]);
  });

  it('has room in its usual quota for as many servers as fit', () => {
    const { errors } = checked((chart) =>
      new Team(chart, 'lab').server('notes', { ...server, replicas: 51 }),
    );
    expect(errors).toEqual([
      expect.stringMatching(
        /^demo\/lab: allows less than the 1 servers of mcp-team-lab ask for: .*pods 51 of 50/,
      ),
    ]);
    expect(checked((chart) => new Team(chart, 'lab').server('notes', server))).toEqual({
      errors: [],
      warnings: [],
    });
  });

  it('is the same bytes each time', () => {
    const props: TeamProps = { egress: [{ cidr: '203.0.113.0/24', ports: [{ port: 443 }] }] };
    expect(JSON.stringify(objectsOf(props))).toBe(JSON.stringify(objectsOf(props)));
  });
});

describe('Team, given bad input,', () => {
  it('says everything that is wrong at once', () => {
    const error = refusal(
      () =>
        new Team(aChart(), 'lab', {
          quota: { requests: { cpu: 'many' }, pods: -1 },
          egress: [{ cidr: 'example.org' }],
          ownEntrances: { reason: ' ' },
          members: { view: [{ kind: 'Group', name: '' }] },
        }),
    );
    expect(error.constructPath).toBe('demo/lab');
    expect(error.problems.map(({ path }) => path)).toEqual([
      'quota.requests.cpu',
      'quota.pods',
      'egress[0].cidr',
      'ownEntrances.reason',
      'members.view[0].name',
    ]);
  });

  it('asks for a namespace where its id makes none', () => {
    const { problems } = refusal(() => new Team(aChart(), 'lab', { id: 'Lab/1' }));
    expect(problems).toEqual([{ path: 'namespace', message: expect.stringContaining('"mcp-team-Lab/1"') }]);
    expect(new Team(aChart(), 'lab', { id: 'Lab/1', namespace: 'lab-1' }).teamId).toBe('Lab/1');
  });
});
