// A team's platform as releases of Helm, on an API server of its own with controllers and played pods, beside which no
// operator runs: what changes there, Helm changed, or a controller of Kubernetes in the status of an object.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { isManifest, manifestKey } from '#constructs/kit/manifest.ts';
import { Auth } from '#constructs/server/auth.ts';
import { renderHelm } from '#render/helm/helm.ts';
import { isDefinition, isNamespace } from '#render/needs.ts';
import { writeFolder } from '#render/output-folder.ts';
import { synthesise } from '#render/synthesise.ts';
import { Platform } from '#stacks/platform.ts';
import { grantProps } from '#test/constructs/build.ts';
import { manifestsOf } from '#test/render/programs.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';
import { environmentsOf } from '../harness/environments.ts';
import { COLLECTED, eventually } from '../harness/eventually.ts';
import { helmIn, type Helm } from '../harness/helm.ts';
import { at, items } from '../harness/objects.ts';
import { ownCluster, type OwnCluster } from '../harness/own-cluster.ts';

const NAMESPACE = 'mcp-releases';
const environment = environmentsOf('team').accepted.get('observability prometheus-operator');

/** The platform of a team with a server, by the versions of both. */
const programOf = (platform: string, server: string) =>
  synthesise((app) => {
    if (environment === undefined) throw new Error('no such environment');
    const team = new Platform(app, { ...environment, images: { ...environment.images, tag: platform } }).team(
      'lab',
    );
    const image = `registry.example.org/lab/notes:${server}`;
    team.server('notes', { image, auth: Auth.header() }).grant('readers', grantProps());
  });

const STAGING = {
  hosts: { 'mcp.example.org': 'mcp.staging.example.org' },
  sentinel: { storage: { size: '30Gi' } },
};
const DISTRIBUTOR = `registry.internal:5000/distributor@sha256:${'d'.repeat(64)}`;

let own: OwnCluster;
let temporary: TemporaryFolder;
let helm: Helm;
const folder = (...names: readonly string[]) => path.join(temporary.path, 'charts', ...names);

/** Writes the charts of what a program is now. */
const write = (platform: string, server: string) =>
  writeFolder(folder(), renderHelm(programOf(platform, server), { version: platform }));

const upgradeKinds = () =>
  helm('upgrade', '--install', 'kinds', folder('mcp-runtime-crds'), '-n', NAMESPACE, '--create-namespace');

/** Upgrades the platform to the chart as it is written, with the values of an environment, and waits for its pods. */
async function upgradePlatform(): Promise<void> {
  const values = path.join(temporary.path, 'staging.yaml');
  writeFileSync(values, JSON.stringify(STAGING));
  const set = ['--set', `operator.replicas=3,distributor.image=${DISTRIBUTOR}`, '--values', values];
  const release = ['platform', folder('mcp-runtime'), '-n', NAMESPACE];
  await helm('upgrade', '--install', ...release, ...set, '--wait', '--timeout', '3m');
}

const list = z.object({ items: z.array(z.unknown()) });

/** Entries about a status are of controllers, and so are those that count its revisions. */
const isOfHelm = (entry: unknown) => at(entry, 'manager') === 'helm';

/** What the release consists of as the API server has it, with what Helm set of it, and without any status. */
async function stored(): Promise<ReadonlyMap<string, unknown>> {
  const manifest = await helm('get', 'manifest', 'platform', '-n', NAMESPACE);
  const { stdout } = await own.kubectl(['get', '--show-managed-fields', '-o', 'json', '-f', '-'], manifest);
  const answer: unknown = JSON.parse(stdout);
  return new Map(
    list.parse(answer).items.map((item) => {
      if (!isManifest(item)) throw new Error('kubectl returned something that is no object');
      const { metadata, ...rest } = item;
      const { generation } = { generation: undefined, ...metadata };
      const set = items(item, 'metadata', 'managedFields').filter(isOfHelm);
      const { labels, annotations } = metadata;
      return [manifestKey(item), { ...rest, status: undefined, generation, labels, annotations, set }];
    }),
  );
}

/** Keys of what is another thing than before. */
async function changedSince(before: ReadonlyMap<string, unknown>): Promise<readonly string[]> {
  const now = await stored();
  const keys = new Set([...before.keys(), ...now.keys()]);
  return [...keys].filter((key) => JSON.stringify(before.get(key)) !== JSON.stringify(now.get(key))).sort();
}

async function get(...args: readonly string[]): Promise<unknown> {
  const { stdout } = await own.kubectl(['get', ...args, '-o', 'json']);
  return JSON.parse(stdout);
}

/** What comes and goes by itself, or is only looked at. */
const FLEETING =
  /^(events|leases|endpoints|endpointslices|componentstatuses|ipaddresses|csinodes|nodes)(\.|$)/;

/** Everything that there is in the cluster: `Secret mcp-runtime/name`. */
async function everything(): Promise<ReadonlySet<string>> {
  const { stdout: kinds } = await own.kubectl(['api-resources', '--verbs=list', '-o', 'name']);
  const wanted = kinds
    .trim()
    .split('\n')
    .filter((kind) => !FLEETING.test(kind));
  const line = '{range .items[*]}{.kind} {.metadata.namespace}/{.metadata.name}{"\\n"}{end}';
  const { stdout } = await own.kubectl(['get', wanted.join(','), '-A', '-o', `jsonpath=${line}`]);
  return new Set(stdout.trim().split('\n'));
}

const manifests = manifestsOf(programOf('1.0.0', '1.0.0'));
const OPERATOR = 'apps/Deployment mcp-runtime/mcp-runtime-operator-controller-manager';
const DISTRIBUTORS = 'apps/Deployment mcp-runtime/mcp-runtime-distributor';
const SENTINEL = 'apps/StatefulSet mcp-sentinel/mcp-sentinel';
const SERVER = 'mcpruntime.org/MCPServer mcp-team-lab/notes';
const definition = ['crd', 'mcpservers.mcpruntime.org'];

let before: ReadonlySet<string>;
/** After each revision of the platform, in their order. */
const revisions: ReadonlyMap<string, unknown>[] = [];

beforeAll(async () => {
  temporary = temporaryFolder();
  own = await ownCluster(true);
  helm = helmIn(temporary.path, own.kubeconfig);
  // What makes volumes in a real cluster.
  const volume = (name: string) => ({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: { capacity: { storage: '30Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/nowhere' } },
  });
  for (const name of ['events', 'backups'])
    await own.kubectl(['create', '-f', '-'], JSON.stringify(volume(name)));
  before = await everything();
});
afterAll(async () => {
  await own.stop();
  temporary.remove();
});

describe('the releases of a platform', () => {
  it('install the kinds, then everything else, until all of it is ready', async () => {
    write('1.0.0', '1.0.0');
    await upgradeKinds();
    await own.untilEstablished();
    await upgradePlatform();
    revisions.push(await stored());
    const said = manifests.filter((manifest) => !isDefinition(manifest)).map(manifestKey);
    expect([...(revisions[0]?.keys() ?? [])].sort()).toEqual(said.sort());
  });

  it('do what their values say', async () => {
    const operator = await get('deployment', 'mcp-runtime-operator-controller-manager', '-n', 'mcp-runtime');
    expect(at(operator, 'status', 'readyReplicas')).toBe(3);
    const distributor = await get('deployment', 'mcp-runtime-distributor', '-n', 'mcp-runtime');
    expect(at(distributor, 'spec', 'template', 'spec', 'containers', 0, 'image')).toBe(DISTRIBUTOR);
    const claims = await get('pvc', '-n', 'mcp-sentinel');
    expect(at(claims, 'items', 0, 'spec', 'resources', 'requests', 'storage')).toBe('30Gi');
    const gateways = await get('gateways,certificates,mcpservers', '-A');
    const text = JSON.stringify(gateways);
    expect(text).toContain('mcp.staging.example.org');
    expect(text).not.toContain('"mcp.example.org"');
  });

  it('change nothing when they are upgraded to what they are', async () => {
    await upgradeKinds();
    await upgradePlatform();
    expect(await changedSince(revisions[0] ?? new Map())).toEqual([]);
  });

  it('change what another version of a server changes, and nothing else', async () => {
    write('1.0.0', '1.1.0');
    await upgradePlatform();
    expect(await changedSince(revisions[0] ?? new Map())).toEqual([SERVER]);
    revisions.push(await stored());
  });

  it('change the programs of the platform with its version, but for an image that an environment chose', async () => {
    write('1.1.0', '1.1.0');
    await upgradePlatform();
    expect(await changedSince(revisions[1] ?? new Map())).toEqual([DISTRIBUTORS, OPERATOR, SENTINEL]);
  });

  it('go back to what they were', async () => {
    await helm('rollback', 'platform', '1', '-n', NAMESPACE, '--wait', '--timeout', '3m');
    const now = await stored();
    const spec = (of: ReadonlyMap<string, unknown> | undefined, key: string) => at(of?.get(key), 'spec');
    for (const key of [OPERATOR, DISTRIBUTORS, SENTINEL, SERVER])
      expect([key, spec(now, key)]).toEqual([key, spec(revisions[0], key)]);
  });

  it('bring the kinds up to date, and leave them and what is of them when they go', async () => {
    const file = folder(
      'mcp-runtime-crds/templates/bootstrap/customresourcedefinition.mcpservers.mcpruntime.org.yaml',
    );
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('shortNames:', 'shortNames:\n      - mcpnewer'));
    await upgradeKinds();
    expect(items(await get(...definition), 'spec', 'names', 'shortNames')).toContain('mcpnewer');

    await helm('uninstall', 'kinds', '-n', NAMESPACE);
    expect(at(await get(...definition), 'metadata', 'deletionTimestamp')).toBeUndefined();
    const servers = await get('mcpservers', '-n', 'mcp-team-lab');
    expect(items(servers, 'items').map((each) => at(each, 'metadata', 'name'))).toEqual(['notes']);
    await upgradeKinds();
  });

  it('leave nothing but kinds, namespaces, and the volumes of the audit events and of their backups', async () => {
    await helm('uninstall', 'platform', '-n', NAMESPACE, '--wait');
    await helm('uninstall', 'kinds', '-n', NAMESPACE);
    const made = [...manifests.filter(isNamespace).map(({ metadata }) => metadata.name), NAMESPACE];
    const kept = [
      ...made.flatMap((name) => [
        `Namespace /${name}`,
        `ConfigMap ${name}/kube-root-ca.crt`,
        `ServiceAccount ${name}/default`,
      ]),
      ...manifests
        .filter(isDefinition)
        .flatMap(({ metadata: { name } }) => [
          `CustomResourceDefinition /${name}`,
          `APIService /v1alpha1.${name.slice(name.indexOf('.') + 1)}`,
        ]),
      'PersistentVolumeClaim mcp-sentinel/data-mcp-sentinel-0',
      'PersistentVolumeClaim mcp-sentinel/mcp-sentinel-backups',
    ];
    await eventually(
      'everything else is gone',
      async () => {
        const now = [...(await everything())].filter((each) => !before.has(each));
        expect(now.sort()).toEqual([...new Set(kept)].sort());
        return true;
      },
      COLLECTED,
    );
  });

  it('take over what they left when they are installed again', async () => {
    await upgradeKinds();
    await upgradePlatform();
    expect(await changedSince(new Map())).toHaveLength(revisions[0]?.size ?? 0);
  });
});
