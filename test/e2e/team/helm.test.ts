// The platform of a team as releases of Helm, on a node that has only its images: installed, asked for again, and removed
// but for what a release leaves on purpose.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import path from 'node:path';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { until } from '#test/cluster/harness/eventually.ts';
import { helmIn, type Helm } from '#test/cluster/harness/helm.ts';
import { inventory, moreThan, nothingIsLeft } from '../harness/gitops/inventory.ts';
import { deleteRest } from '../harness/gitops/uninstall.ts';
import { furnish, Office, SUPPORT } from '../harness/office.ts';

jest.setTimeout(420_000);

const world = cluster();
const IN_RELEASES = ['--namespace', 'mcp-releases'];

let before: ReadonlySet<string>;
let office: Office;
let charts: string;
let helm: Helm;

beforeAll(async () => {
  await furnish();
  before = await inventory();
  office = await Office.open();
  charts = await office.charts('installed');
  helm = helmIn(charts, world.about.users['admin']?.kubeconfig);
});
afterAll(() => office.close());

/** Installs a chart, or asks for what there is once more. Namespaces in which people keep Secrets are there before it. */
const release = (name: string, chart: string) =>
  helm(
    ...['upgrade', '--install', name, path.join(charts, chart), ...IN_RELEASES, '--create-namespace'],
    ...['--take-ownership', '--wait', '--timeout', '5m'],
  );

const generations = async () => {
  const line = '{range .items[*]}{.metadata.namespace}/{.metadata.name} {.metadata.generation}{"\\n"}{end}';
  const { stdout } = await world.kubectl(['get', 'deploy,sts', '-A', '-o', `jsonpath=${line}`]);
  return stdout;
};

/** What is left, of some kind: names. */
const leftOf = async (kind: string) =>
  (await moreThan(before))
    .filter((key) => key.startsWith(`${kind} `))
    .map((key) => key.slice(kind.length + 1));

describe('two releases of Helm', () => {
  it('make a platform that becomes ready, and serves', async () => {
    await release('kinds', 'mcp-runtime-crds');
    await release('office', 'mcp-runtime');
    for (const server of ['manuals', 'guests']) await office.answers(server, SUPPORT);
    await office.answers('tickets', SUPPORT, 'missing_session');
  });

  it('change no workload when they are asked for again', async () => {
    const asInstalled = await generations();
    await release('office', 'mcp-runtime');
    expect(await generations()).toBe(asInstalled);
    expect(await office.call('manuals', SUPPORT)).toBe('allowed');
  });

  it('are removed with all that runs, and leave what holds data', async () => {
    await helm('uninstall', 'office', ...IN_RELEASES, '--wait');
    await until(
      'no pod is left',
      () => leftOf('Pod'),
      (left) => left.length === 0,
      { timeoutMs: 120_000 },
    );
    expect(await leftOf('apps/Deployment')).toEqual([]);
    expect(await leftOf('PersistentVolumeClaim')).toEqual([
      'mcp-sentinel/data-mcp-sentinel-0',
      'mcp-sentinel/mcp-sentinel-backups',
    ]);
    await helm('uninstall', 'kinds', ...IN_RELEASES);
    expect(await leftOf('apiextensions.k8s.io/CustomResourceDefinition')).toHaveLength(3);
  });

  it('leave nothing once namespaces and definitions are deleted by hand', async () => {
    const definitions = await leftOf('apiextensions.k8s.io/CustomResourceDefinition');
    await world.kubectl(['delete', 'crd', ...definitions]);
    await world.kubectl(['delete', 'namespace', ...(await leftOf('Namespace')), '--timeout=120s']);
    await deleteRest();
    await nothingIsLeft(before);
  });
});
