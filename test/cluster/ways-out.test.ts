// Every way out of a program, as the tools that people use read it and as the API server takes it. Nothing is kept: the
// server is asked what it would do.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { renderGitOps } from '#render/gitops/gitops.ts';
import { renderHelm } from '#render/helm/helm.ts';
import { writeFolder } from '#render/output-folder.ts';
import { synthesise } from '#render/synthesise.ts';
import { anObject, manifestsOf, wholePlatform } from '#test/render/programs.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';
import { Chart, type App } from 'cdk8s';
import { cluster } from './harness/cluster.ts';
import { helmIn, type Helm } from './harness/helm.ts';
import { byKey, manifestsIn } from './harness/manifests.ts';

const world = cluster();

/** Text that looks like a template to Helm. */
const DATA = { 'rules.yaml': 'summary: "{{ $labels.job }} is down"\nrow: {{{ x }}}\n', other: '{{- end }}' };

function program(app: App): void {
  wholePlatform('notes', 'search')(app);
  // A namespace that is there, so that a dry run of everything has nothing to wait for.
  const alerts = new Chart(app, 'alerts', { namespace: 'default' });
  anObject(alerts, 'rules', {
    metadata: { name: 'rules', annotations: { 'example.org/note': '{{ a }}' } },
    data: DATA,
  });
}

const synthesised = synthesise(program);
const manifests = manifestsOf(synthesised);

let temporary: TemporaryFolder;
let helm: Helm;
beforeAll(() => {
  temporary = temporaryFolder();
  helm = helmIn(temporary.path);
  writeFolder(at('gitops'), renderGitOps(synthesised));
  writeFolder(at('helm'), renderHelm(synthesised));
});
afterAll(() => temporary.remove());
const at = (...names: readonly string[]) => path.join(temporary.path, ...names);

const template = async (chart: string, ...args: readonly string[]) =>
  manifestsIn(await helm('template', 'mine', at('helm', chart), '--kube-version', '1.33.0', ...args));

/** The namespaces of the program, because a dry run makes none for the objects in them. */
async function withNamespaces(): Promise<void> {
  await world.apply(
    manifests.filter(({ kind }) => kind === 'Namespace'),
    { serverSide: true },
  );
}

/** Asks the API server what it would do; it complains where it would do nothing. */
const dryRun = (objects: readonly Manifest[]) =>
  world.kubectl(
    [
      'apply',
      '--server-side',
      '--force-conflicts',
      '--field-manager',
      'ways-out',
      '--dry-run=server',
      '-f',
      '-',
    ],
    { input: JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }) },
  );

describe('the GitOps output', () => {
  it('is built by kustomize into the objects of the program', async () => {
    const { stdout } = await world.kubectl(['kustomize', at('gitops')]);
    expect(byKey(manifestsIn(stdout))).toEqual(byKey(manifests));
  });

  it('is built stack by stack', async () => {
    const { stdout } = await world.kubectl(['kustomize', at('gitops', 'team-a')]);
    const own = synthesised.charts.find(({ name }) => name === 'team-a')?.objects ?? [];
    expect(byKey(manifestsIn(stdout))).toEqual(byKey(own.map(({ manifest }) => manifest)));
  });

  it('is taken by the API server, every object of it', async () => {
    await withNamespaces();
    const { stdout } = await world.kubectl(['kustomize', at('gitops')]);
    const { stdout: said, stderr } = await dryRun(manifestsIn(stdout));
    expect(said.trim().split('\n')).toHaveLength(manifests.length);
    expect(stderr).toBe('');
  });
});

describe('the Helm output', () => {
  it('has nothing that helm lint finds wrong', async () => {
    for (const chart of ['mcp-runtime-crds', 'mcp-runtime']) {
      expect(await helm('lint', '--strict', at('helm', chart))).toContain('0 chart(s) failed');
    }
  });

  it('renders what the program says, with its own values', async () => {
    const rendered = [...(await template('mcp-runtime-crds')), ...(await template('mcp-runtime'))];
    expect(byKey(rendered)).toEqual(byKey(manifests));
  });

  it('is taken by the API server, every object of it', async () => {
    await withNamespaces();
    const rendered = [...(await template('mcp-runtime-crds')), ...(await template('mcp-runtime'))];
    const { stdout, stderr } = await dryRun(rendered);
    expect(stdout.trim().split('\n')).toHaveLength(manifests.length);
    expect(stderr).toBe('');
  });

  it('renders what its values say, and nothing else of it changes', async () => {
    const image = `registry.internal:5000/proxy@sha256:${'a'.repeat(64)}`;
    const values = {
      operator: { replicas: 3, resources: { limits: { memory: '1Gi' } } },
      proxy: { image },
      sentinel: { storage: { size: '50Gi' } },
    };
    mkdirSync(at('values'), { recursive: true });
    writeFileSync(at('values', 'mine.json'), JSON.stringify(values));
    const [own, others] = [
      byKey(await template('mcp-runtime')),
      byKey(await template('mcp-runtime', '-f', at('values', 'mine.json'))),
    ];
    const changed = [...own].filter(
      ([key, object]) => JSON.stringify(object) !== JSON.stringify(others.get(key)),
    );
    expect(changed.map(([key]) => key).sort()).toEqual([
      'apps/Deployment mcp-runtime/mcp-runtime-distributor',
      'apps/Deployment mcp-runtime/mcp-runtime-operator-controller-manager',
      'apps/StatefulSet mcp-sentinel/mcp-sentinel',
    ]);
    const operator = others.get('apps/Deployment mcp-runtime/mcp-runtime-operator-controller-manager');
    expect(operator).toMatchObject({
      spec: {
        replicas: 3,
        template: {
          spec: {
            containers: [
              {
                resources: { requests: { cpu: '100m' }, limits: { cpu: '500m', memory: '1Gi' } },
                env: expect.arrayContaining([{ name: 'MCP_GATEWAY_PROXY_IMAGE', value: image }]),
              },
            ],
          },
        },
      },
    });
  });

  it.each([
    ['misspelt', 'operator.replica=3', /at '\/operator': .*'replica'/],
    [
      'an image that may be another one tomorrow',
      'proxy.image=example.org/proxy:latest',
      /at '\/proxy\/image'/,
    ],
    [
      'a number that is none',
      'operator.replicas=many',
      /at '\/operator\/replicas': got string, want integer/,
    ],
    ['of nothing that the program says', 'hosts.nobody=example.org', /at '': .*'hosts'/],
  ])('refuses a value that is %s, and names its path', async (_what, value, reason) => {
    await expect(template('mcp-runtime', '--set', value)).rejects.toThrow(reason);
  });
});
