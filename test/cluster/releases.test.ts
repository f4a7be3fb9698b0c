// A team's servers as a release of Helm, in a cluster where the operator works: what each of them owns of an object stays
// as it left it, and what looks like a template to Helm arrives as it was written.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { renderHelm } from '#render/helm/helm.ts';
import { writeFolder } from '#render/output-folder.ts';
import { synthesise } from '#render/synthesise.ts';
import { ServersStack } from '#stacks/servers-stack.ts';
import { aServer, grantProps, sessionProps } from '#test/constructs/build.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';
import { becomes, phaseOf } from './harness/builders.ts';
import { cluster } from './harness/cluster.ts';
import { COLLECTED, eventually } from './harness/eventually.ts';
import { helmIn, type Helm } from './harness/helm.ts';
import { at, byName, conditionLine, items, type KubeObject } from './harness/objects.ts';
import { policyBecomes, policyOf } from './harness/policies.ts';
import { giveAddress, readyAgain } from './harness/serving.ts';

const world = cluster();
const ns = `release-${randomBytes(3).toString('hex')}`;

/** Text that Helm would execute, or stumble over. */
const DESCRIPTION = 'Notes of {{ .Values.nobody }}, {{- end }} and {{{ more }}}';
const TEMPLATE = '{{ range .Items }}{{ .Name | quote }}{{ end }}';

/** The servers of the team, by the version of `notes`. */
const programOf = (version: string) =>
  synthesise((app) => {
    const stack = new ServersStack(app, ns, { namespace: ns });
    const image = `registry.example.org/notes:${version}`;
    const route = { host: `${ns}.example.org`, ingressClass: 'traefik' };
    const notes = aServer(stack, { image, route, description: DESCRIPTION, env: { TEMPLATE } }, 'notes');
    notes.grant('readers', grantProps());
    notes.session('review', sessionProps());
    aServer(stack, { image: 'registry.example.org/search:1.0.0', route }, 'search');
  });

let temporary: TemporaryFolder;
let helm: Helm;

beforeAll(() => {
  temporary = temporaryFolder();
  helm = helmIn(temporary.path, world.about.users['admin']?.kubeconfig);
});
afterAll(async () => {
  await world.delete('Namespace', ns);
  await world.delete('Namespace', `${ns}-releases`);
  temporary.remove();
});

const inReleases = ['--namespace', `${ns}-releases`];

/** Writes the chart of what a program is now, and upgrades the release to it. */
async function upgrade(version: string, ...args: readonly string[]): Promise<void> {
  const chart = path.join(temporary.path, 'charts');
  writeFolder(chart, renderHelm(programOf(version)));
  const release = ['team', path.join(chart, 'mcp-runtime'), ...inReleases, '--create-namespace'];
  await helm('upgrade', '--install', ...release, ...args);
}

const server = (name = 'notes') => world.must('MCPServer', name, ns);
const imageOf = async (name = 'notes') => {
  const containers = items(
    await world.must('Deployment', name, ns),
    'spec',
    'template',
    'spec',
    'containers',
  );
  return at(byName(containers, name), 'image');
};

/** The server, once the operator is through with what it is now. */
const settled = (name = 'notes') => readyAgain(ns, name);

/** The server, once its proxies enforce the policy that is written: nothing of it changes by itself then. */
async function atRest(name: string): Promise<KubeObject> {
  const { revision } = await eventually(`the policy of ${name} is there`, () => policyOf(ns, name));
  const seen = (it: KubeObject) => [
    phaseOf(it),
    conditionLine(it, 'PolicyReady'),
    at(it, 'status', 'policyRevision'),
  ];
  return becomes('MCPServer', ns, name, seen, ['Ready', 'True Observed', revision]);
}

describe('a release of servers', () => {
  it('becomes workloads, in which nothing was executed that is data', async () => {
    await upgrade('1.0.0');
    for (const name of ['notes', 'search']) await giveAddress(ns, name);
    await settled();
    expect(at(await server(), 'spec', 'description')).toBe(DESCRIPTION);
    const deployment = await world.must('Deployment', 'notes', ns);
    const container = byName(items(deployment, 'spec', 'template', 'spec', 'containers'), 'notes');
    expect(items(container, 'env')).toContainEqual({ name: 'TEMPLATE', value: TEMPLATE });
  });

  it('leaves everything as it is when it is upgraded to what it is', async () => {
    await policyBecomes(ns, 'notes', ({ grants, sessions }) => [grants.length, sessions.length], [1, 1]);
    const before = [await atRest('notes'), await atRest('search')];
    await upgrade('1.0.0');
    expect([await settled(), await settled('search')]).toEqual(before);
  });

  it('changes the server that its program changes, and the operator follows', async () => {
    const other = await settled('search');
    await upgrade('1.1.0');
    await settled();
    expect(await imageOf()).toBe('registry.example.org/notes:1.1.0');
    expect(await settled('search')).toEqual(other);
  });

  it('leaves revoked and suspended what people revoked and suspended', async () => {
    await world.patch('MCPAgentSession', 'review', ns, { spec: { revoked: true } });
    await world.patch('MCPServer', 'notes', ns, { spec: { suspend: true } });
    await upgrade('1.2.0');
    await becomes('MCPServer', ns, 'notes', phaseOf, 'Suspended');
    expect(at(await world.must('MCPAgentSession', 'review', ns), 'spec', 'revoked')).toBe(true);
    expect(at(await server(), 'spec', 'suspend')).toBe(true);
    await world.patch('MCPServer', 'notes', ns, { spec: { suspend: null } });
  });

  it('takes the values of an environment', async () => {
    const own = `internal.${ns}.example.org`;
    await upgrade('1.2.0', '--set', `hosts.${`${ns}.example.org`.replaceAll('.', '\\.')}=${own}`);
    await settled();
    const ingress = await world.must('Ingress', 'notes', ns);
    expect(at(ingress, 'spec', 'rules', 0, 'host')).toBe(own);
  });

  it('goes back to what it was', async () => {
    await helm('rollback', 'team', '1', ...inReleases);
    await settled();
    expect(await imageOf()).toBe('registry.example.org/notes:1.0.0');
    expect(at(await world.must('Ingress', 'notes', ns), 'spec', 'rules', 0, 'host')).toBe(
      `${ns}.example.org`,
    );
  });

  it('goes with its workloads, and leaves the namespace', async () => {
    await helm('uninstall', 'team', ...inReleases);
    await eventually(
      'the workloads are gone',
      async () => {
        for (const kind of [
          'MCPServer',
          'MCPAccessGrant',
          'MCPAgentSession',
          'Deployment',
          'Service',
          'Ingress',
        ])
          expect([kind, await world.list(kind, ns)]).toEqual([kind, []]);
        return true;
      },
      COLLECTED,
    );
    expect(at(await world.must('Namespace', ns), 'metadata', 'deletionTimestamp')).toBeUndefined();
  });
});
