// Every manifest of every profile, and of every example, as the API server takes it: strictly, with the definitions of
// others there, and without a warning. Nothing of it is kept but namespaces, which a dry run can't do without.
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { PROFILES } from '#constructs/kit/settings.ts';
import { synthesise, type Program } from '#render/synthesise.ts';
import { manifestsOf } from '#test/render/programs.ts';
import { cluster } from './harness/cluster.ts';
import { environmentsOf } from './harness/environments.ts';
import { EXAMPLES, exampleProgram, withServers } from './harness/programs.ts';

const world = cluster();

/** What has to be there: cert-manager, controllers of ways in, Prometheus. */
const OF_OTHERS = [
  'cert-manager',
  'edge',
  'ingress-nginx',
  'istio-system',
  'monitoring',
  'nginx-ingress',
  'traefik',
];

const objectsOf = (program: Program) => manifestsOf(synthesise(program));

/** Each once, however many programs have it. */
function distinct(manifests: readonly Manifest[]): readonly Manifest[] {
  return [...new Map(manifests.map((manifest) => [JSON.stringify(manifest), manifest])).values()];
}

/** Those that objects lie in, and those of them that are made. */
function namespacesOf(manifests: readonly Manifest[]): {
  readonly used: readonly string[];
  readonly made: readonly string[];
} {
  const used = manifests.flatMap(({ metadata: { namespace } }) =>
    namespace === undefined ? [] : [namespace],
  );
  const made = manifests.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name);
  return { used: [...new Set(used)].sort(), made: [...new Set(made)].sort() };
}

/** What the API server says to these, one line each, and everything that it or kubectl complains about. */
async function dryRun(objects: readonly Manifest[]) {
  const { stdout, stderr } = await world.kubectl(
    [
      'apply',
      '--server-side',
      '--force-conflicts',
      '--field-manager=profiles',
      '--dry-run=server',
      '--validate=strict',
      '-f',
      '-',
    ],
    { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }), allowFailure: true },
  );
  return { complaints: stderr, taken: stdout.split('\n').filter((line) => line !== '').length };
}

/** Makes the namespaces that these lie in: as they make them, and else as somebody did. */
async function makeNamespaces(manifests: readonly Manifest[]): Promise<void> {
  const { used, made } = namespacesOf(manifests);
  const own = manifests.filter(({ kind }) => kind === 'Namespace');
  const others = used.filter((name) => !made.includes(name));
  const namespace = (name: string) => ({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await world.apply([...own, ...others.map(namespace)], { serverSide: true });
}

async function expectTaken(manifests: readonly Manifest[]): Promise<void> {
  await makeNamespaces(manifests);
  expect(await dryRun(manifests)).toEqual({ complaints: '', taken: manifests.length });
}

describe.each(PROFILES)('the profile %s', (profile) => {
  const { accepted, refused } = environmentsOf(profile);
  let manifests: readonly Manifest[] = [];
  beforeAll(() => {
    manifests = distinct([...accepted.values()].flatMap((each) => objectsOf(withServers(each))));
  });

  it('has a place for every choice, but for what production does not take', () => {
    const unsafe = /tls (none|acme-staging)$|^registry bundled-http$|^sentinel ephemeral$/;
    const isProduction = profile === 'production';
    expect(refused.filter((name) => !(isProduction && unsafe.test(name)))).toEqual([]);
    expect([...accepted.keys()].filter((name) => isProduction && unsafe.test(name))).toEqual([]);
  });

  it('lies in namespaces that it makes, and in those of what has to be there', () => {
    const { used, made } = namespacesOf(manifests);
    expect(used.filter((name) => !made.includes(name))).toEqual(OF_OTHERS);
  });

  it('is taken by the API server, every object of it', async () => {
    await expectTaken(manifests);
  });
});

describe('the examples', () => {
  it.each(EXAMPLES)('%s is taken by the API server, every object of it', async (name) => {
    await expectTaken(distinct(objectsOf(await exampleProgram(name))));
  });
});

describe('the API server', () => {
  const kinds = [
    ['apps/v1', 'Deployment'],
    ['cert-manager.io/v1', 'Certificate'],
    ['gateway.networking.k8s.io/v1', 'Gateway'],
    ['mcpruntime.org/v1alpha1', 'MCPServer'],
    ['monitoring.coreos.com/v1', 'PodMonitor'],
    ['traefik.io/v1alpha1', 'TLSStore'],
  ] as const;

  it.each(kinds)('complains of a field that no %s %s has', async (apiVersion, kind) => {
    const metadata = { name: 'misspelt', namespace: 'default' };
    const { complaints, taken } = await dryRun([{ apiVersion, kind, metadata, spec: { misspelt: true } }]);
    expect({ taken, complaints }).toEqual({ taken: 0, complaints: expect.stringContaining('misspelt') });
  });
});
