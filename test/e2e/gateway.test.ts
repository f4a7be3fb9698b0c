// A server whose gateway is switched on, off and on again, that gets another image, and whose Deployment is edited by hand:
// with pods that run, and calls that are checked where status says so. Its status is watched from the start, and at no
// moment does it claim a gateway that is not there.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PROXY_CONTAINER } from '#api/proxy-config.ts';
import { becomes, conditionLines, make } from '#test/cluster/harness/builders.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { until } from '#test/cluster/harness/eventually.ts';
import { HonestyWatch } from '#test/cluster/harness/honesty.ts';
import { namespace } from '#test/cluster/harness/namespace.ts';
import { at, items, type KubeObject } from '#test/cluster/harness/objects.ts';
import { callEchoAt, imageOf, outside, podsRun, servedObjects, servesAgain } from './harness/servers.ts';

jest.setTimeout(240_000);

const world = cluster();
const ns = namespace('gateway');
const name = 'echo';
const watch = new HonestyWatch(ns, name);

const [first, second] = [imageOf('everything', 1), imageOf('everything', 2)];
const GOVERNED = 'everything:test + mcp-gateway';

const patch = (spec: object) => world.patch('MCPServer', name, ns, { spec });

const booleans = (server: KubeObject) => ({
  phase: at(server, 'status', 'phase'),
  gatewayReady: at(server, 'status', 'gatewayReady'),
  policyReady: at(server, 'status', 'policyReady'),
});

const message = (server: KubeObject) => String(at(server, 'status', 'message'));

const containersOf = (template: unknown) =>
  items(template, 'spec', 'template', 'spec', 'containers').map((each) => String(at(each, 'name')));

/** Waits until calls of somebody are answered so. Envoy and kube-proxy hear of new pods a little later than status. */
const isAnswered = (human: string, wanted: string) =>
  until(
    `${human} is answered with ${wanted}`,
    () => callEchoAt(outside(ns, name), human),
    (word) => word === wanted,
  );

/** The proxy is there, and calls go through it: ada may, and to a stranger there is no such tool. */
async function isGoverned(): Promise<void> {
  await isAnswered('ada', 'allowed');
  await isAnswered('stranger', 'unknown_tool');
  await becomes(
    'MCPServer',
    ns,
    name,
    (server) => conditionLines(server, 'GatewayReady', 'PolicySynced', 'AuditDelivering'),
    ['GatewayReady: True Observed', 'PolicySynced: True Observed', 'AuditDelivering: True Observed'],
  );
}

/** Strategic merge, as `kubectl edit` does it. */
const edit = (spec: object) =>
  world.kubectl(['patch', 'deployment', name, '-n', ns, '-p', JSON.stringify({ spec })]);

const templateOf = (deployment: KubeObject) => at(deployment, 'spec', 'template');

beforeAll(() => watch.start());
afterAll(() => watch.stop());

// One server goes all the way, so each of these begins where the one before ended.
describe('a server with a gateway', () => {
  it('is ready when its pods run the proxy, and strangers may nothing', async () => {
    await make(...servedObjects(ns, name, 'everything', { analytics: { enabled: true } }));
    const ready = await servesAgain(ns, name);
    expect(booleans(ready)).toEqual({ phase: 'Ready', gatewayReady: true, policyReady: true });
    expect(message(ready)).toContain(`1 pod runs ${first} behind proxy `);
    await podsRun(ns, name, [GOVERNED]);
    await isGoverned();
  });

  it('says that there is none when it is switched off, and whoever comes may call', async () => {
    await patch({ gateway: { enabled: false } });
    const off = await servesAgain(ns, name);
    expect(booleans(off)).toEqual({ phase: 'Ready', gatewayReady: false, policyReady: false });
    expect(conditionLines(off, 'GatewayReady', 'PolicyReady', 'PolicySynced', 'AuditDelivering')).toEqual([
      'GatewayReady: False GatewayDisabled',
      'PolicyReady: False PolicyDisabled',
      'PolicySynced: False PolicyDisabled',
      'AuditDelivering: False GatewayDisabled',
    ]);
    expect(message(off)).toContain(
      `1 pod runs ${first} without a proxy. Calls are neither checked nor recorded: the gateway is off.`,
    );
    expect(containersOf(await world.must('Deployment', name, ns))).toEqual([name]);
    await podsRun(ns, name, ['everything:test']);
    await isAnswered('stranger', 'allowed');
  });

  it('says that it is back when the pods run it again', async () => {
    await patch({ gateway: { enabled: true } });
    const on = await servesAgain(ns, name);
    expect(booleans(on)).toEqual({ phase: 'Ready', gatewayReady: true, policyReady: true });
    expect(containersOf(await world.must('Deployment', name, ns))).toEqual([name, PROXY_CONTAINER]);
    await podsRun(ns, name, [GOVERNED]);
    await isGoverned();
  });

  it('names the image that runs, when there is a new one', async () => {
    await patch({ image: second });
    const changed = await servesAgain(ns, name);
    expect(message(changed)).toContain(`1 pod runs ${second} behind proxy `);
    const [, version = ''] = second.split(':');
    const wanted = `everything:${version} + mcp-gateway`;
    await podsRun(ns, name, [wanted]);
    await isGoverned();
  });

  it('never claimed more than there was, at any moment of all this', async () => {
    await watch.stop();
    expect([...watch.lies]).toEqual([]);
    expect(watch.looks).toBeGreaterThan(50);
  });
});

describe('a Deployment that was edited by hand', () => {
  it('gets its proxy and its image back, and the pods run them', async () => {
    const before = await world.must('Deployment', name, ns);
    await edit({ template: { spec: { containers: [{ name: PROXY_CONTAINER, $patch: 'delete' }] } } });
    await becomes('Deployment', ns, name, templateOf, templateOf(before));
    await edit({ template: { spec: { containers: [{ name, image: first }] } } });
    await becomes('Deployment', ns, name, templateOf, templateOf(before));
    const server = await servesAgain(ns, name);
    expect(booleans(server)).toEqual({ phase: 'Ready', gatewayReady: true, policyReady: true });
    const wanted = `${second.split('/').at(-1) ?? ''} + mcp-gateway`;
    await podsRun(ns, name, [wanted]);
    await isGoverned();
  });
});
