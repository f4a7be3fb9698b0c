// Every manifest of every profile, and of every example, as the API server takes it: strictly, with the definitions of
// others there, and without a warning. Nothing of it is kept but namespaces, which a dry run can't do without.
import { globSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { SideEffect } from '#api/side-effect.ts';
import { Trust } from '#api/trust.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { PROFILES } from '#constructs/kit/settings.ts';
import { Auth } from '#constructs/server/auth.ts';
import { McpServer } from '#constructs/server/mcp-server.ts';
import { Tool } from '#constructs/server/tool.ts';
import type { Environment } from '#environment/environment-schema.ts';
import { loadProgram } from '#render/load-program.ts';
import { synthesise, type Program } from '#render/synthesise.ts';
import { Platform } from '#stacks/platform.ts';
import { manifestsOf } from '#test/render/programs.ts';
import { cluster } from './harness/cluster.ts';
import { environmentsOf } from './harness/environments.ts';

const world = cluster();

const auth = Auth.oauth({ issuerUrl: 'https://login.example.org', audience: 'notes' });

/** An environment with servers of a team and of none. */
const withServers =
  (environment: Environment): Program =>
  (app) => {
    const platform = new Platform(app, environment);
    const notes = platform.team('lab').server('notes', {
      image: 'registry.example.org/lab/notes:1.4.0',
      auth,
      tools: [Tool.read('list_notes'), Tool.write('add_note'), Tool.destructive('purge_notes')],
      autoscaling: { minReplicas: 2, maxReplicas: 5 },
      network: { egress: [{ cidr: '198.51.100.7/32', ports: [{ port: 5432 }] }] },
      secretEnv: { PASSWORD: { secret: 'notes', key: 'password' } },
    });
    notes.grant('writers', {
      subject: { team: 'lab' },
      maxTrust: Trust.MEDIUM,
      sideEffects: [SideEffect.READ, SideEffect.WRITE],
    });
    notes.session('review', {
      subject: { human: 'user-1' },
      consentedTrust: Trust.MEDIUM,
      expiresAt: '2030-01-01T00:00:00Z',
    });
    const search = { image: 'registry.example.org/search:1.0.0', auth, route: { host: 'tools.example.org' } };
    new McpServer(platform.servers(), 'search', search);
  };

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
  const files = globSync('examples/*/program.ts', { cwd: path.resolve(import.meta.dirname, '../..') });

  it.each(files.sort())('%s is taken by the API server, every object of it', async (file) => {
    await expectTaken(distinct(objectsOf(await loadProgram(file))));
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
