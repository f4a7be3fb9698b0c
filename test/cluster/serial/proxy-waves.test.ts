// A new proxy image of the installation: it reaches every server, a tenth of them at a time, and changes nothing else
// of their pods; one whose pods don't become ready stops with its first wave.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PROXY_CONTAINER } from '#api/proxy-config.ts';
import { BROKEN_PROXY_IMAGE } from '#scripts/engines/stages.ts';
import { aServer, make } from '../harness/builders.ts';
import { cluster } from '../harness/cluster.ts';
import { eventually, stays } from '../harness/eventually.ts';
import { namespace } from '../harness/namespace.ts';
import { at, byName, items, type KubeObject } from '../harness/objects.ts';
import { isSettled, LONG, twoReady } from './replicas.ts';

const world = cluster();
const ns = namespace('waves');
const USUAL = 'registry.example.org/mcp-runtime/proxy:1.0.0';
const NEXT = 'registry.example.org/mcp-runtime/proxy:2.0.0';
const names = Array.from({ length: 12 }, (_, index) => `w${String(index).padStart(2, '0')}`);

const templateOf = (deployment: KubeObject) => at(deployment, 'spec', 'template');
const proxyOf = (deployment: unknown) =>
  at(byName(items(deployment, 'spec', 'template', 'spec', 'containers'), PROXY_CONTAINER), 'image');

/** Every Deployment with a proxy, those of other suites too: they count as well. */
const governed = async () =>
  (await world.list('Deployment')).filter((deployment) => proxyOf(deployment) !== undefined);

/** Whether pods are being replaced, as `kubectl rollout status` sees it. */
function isRolling(deployment: KubeObject): boolean {
  const wanted = Number(at(deployment, 'spec', 'replicas') ?? 1);
  const count = (name: string) => Number(at(deployment, 'status', name) ?? 0);
  return (
    count('observedGeneration') < (deployment.metadata.generation ?? 0) ||
    count('updatedReplicas') < wanted ||
    count('availableReplicas') < wanted ||
    count('replicas') > wanted
  );
}

const mostAtOnce = (deployments: readonly unknown[]) => Math.max(1, Math.ceil(deployments.length * 0.1));

const settled = async () => {
  for (const name of names) await eventually(`${name} is settled`, () => isSettled(ns, name), LONG);
};

/** Looks until all have an image and run it; the largest number of Deployments with it that were rolling at a time. */
async function rollOut(image: string): Promise<{ readonly most: number; readonly allowed: number }> {
  let most = 0;
  let allowed = Number.POSITIVE_INFINITY;
  await eventually(
    `all run ${image}`,
    async () => {
      const all = await governed();
      const rolling = all.filter((each) => proxyOf(each) === image && isRolling(each));
      most = Math.max(most, rolling.length);
      allowed = Math.min(allowed, mostAtOnce(all));
      const own = all.filter(({ metadata }) => metadata.namespace === ns);
      return rolling.length === 0 && own.every((each) => proxyOf(each) === image);
    },
    { timeoutMs: 240_000, everyMs: 50 },
  );
  return { most, allowed };
}

/** Servers that other suites left are not to hold up these. */
async function removeOthers(): Promise<void> {
  for (const { metadata } of await world.list('MCPServer'))
    await world.delete('MCPServer', metadata.name, metadata.namespace);
  await eventually('no others are left', async () => (await governed()).length === 0, LONG);
}

beforeAll(async () => {
  await twoReady();
  await removeOthers();
  await make(...names.map((name) => aServer(ns, name, { gateway: { enabled: true } })));
  await settled();
});

afterAll(async () => {
  await world.operators.restartAll();
  await twoReady();
});

describe('a new proxy image', () => {
  it('reaches all servers, at no time more than a tenth of them, and changes nothing else', async () => {
    const before = await governed();
    await world.operators.restartAll({ MCP_GATEWAY_PROXY_IMAGE: NEXT });
    const { most, allowed } = await rollOut(NEXT);
    expect(allowed).toBe(2);
    expect(most).toBeGreaterThanOrEqual(1);
    expect(most).toBeLessThanOrEqual(allowed);
    const after = await governed();
    const text = (all: readonly KubeObject[]) => JSON.stringify(all.map(templateOf));
    expect(text(after)).toBe(text(before).replaceAll(USUAL, NEXT));
    expect(after.map(({ metadata }) => metadata.name)).toEqual(names);
  });

  it('stops with its first wave where its pods do not become ready, and the next one goes on', async () => {
    await world.operators.restartAll({ MCP_GATEWAY_PROXY_IMAGE: BROKEN_PROXY_IMAGE });
    const broken = async () => (await governed()).filter((each) => proxyOf(each) === BROKEN_PROXY_IMAGE);
    await eventually('the first have it', async () => (await broken()).length === 2, LONG);
    // Each of the others asks for its turn every ten seconds.
    await stays('no others have it', async () => (await broken()).length === 2, {
      forMs: 25_000,
      everyMs: 250,
    });
    for (const each of await governed()) expect(at(each, 'status', 'availableReplicas')).toBe(1);
    const [one] = await broken();
    const server = await world.must('MCPServer', one?.metadata.name ?? '', ns);
    expect(server['status']).toMatchObject({ gatewayReady: false });
    await world.operators.restartAll({ MCP_GATEWAY_PROXY_IMAGE: USUAL });
    await rollOut(USUAL);
    await settled();
  });
});
