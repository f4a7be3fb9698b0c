// A server whose gateway is switched on, off and on again, that gets another image and another policy: at each step its
// status says what runs, and at no moment in between does it claim more than there is.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { aGrant, becomes, make, messageOf } from './harness/builders.ts';
import { cluster, type KubectlResult } from './harness/cluster.ts';
import { eventually, stays, until } from './harness/eventually.ts';
import { HonestyWatch } from './harness/honesty.ts';
import { namespace } from './harness/namespace.ts';
import { at, conditionLine, conditionOf, items, type KubeObject } from './harness/objects.ts';
import { eventsOf, giveAddress, makeServer, play, readyAgain } from './harness/serving.ts';

const world = cluster();
const ns = namespace('walk');
const name = 'notes';
const server = { namespace: ns, name };
const watch = new HonestyWatch(ns, name);

const image = (tag: string) => `registry.example.org/notes:${tag}`;
const proxy = 'registry.example.org/mcp-runtime/proxy:1.0.0';

/** What people look at first: `Ready gateway=true policy=true`. */
const headline = (object: KubeObject) => {
  const isOfThisSpec = at(object, 'status', 'observedGeneration') === object.metadata.generation;
  const of = (member: string) => String(at(object, 'status', member));
  return isOfThisSpec ? `${of('phase')} gateway=${of('gatewayReady')} policy=${of('policyReady')}` : 'behind';
};

/** Waits for a headline and conditions. @param conditions `{GatewayReady: 'True Observed'}` */
const shows = (wanted: string, conditions: Readonly<Record<string, string>> = {}) =>
  becomes(
    'MCPServer',
    ns,
    name,
    (now) => [headline(now), ...Object.keys(conditions).map((type) => `${type} ${conditionLine(now, type)}`)],
    [wanted, ...Object.entries(conditions).map(([type, line]) => `${type} ${line}`)],
  );

const message = (object: KubeObject) => String(at(object, 'status', 'message'));

const patch = (spec: object) => world.patch('MCPServer', name, ns, { spec });

/** Part of the revision of its policy that is told to people. */
const shortRevision = (object: KubeObject) =>
  String(at(object, 'status', 'policyRevision'))
    .slice('sha256:'.length)
    .slice(0, 12);

const tellsOfLag = (event: string) => event.startsWith('Warning PolicyLagging: ');

/** The proxies say that they enforce what is written, as a distributor would hear it. */
async function acknowledge(): Promise<void> {
  await world.acknowledgements.say(server, await world.acknowledgements.automatic(server));
}

/** Containers of each pod that is there. */
async function podContainers(): Promise<readonly string[]> {
  const pods = await world.list('Pod', ns, `app=${name}`);
  return pods
    .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
    .map((pod) =>
      items(pod, 'spec', 'containers')
        .map((each) => String(at(each, 'image')))
        .join(' '),
    );
}

const templateContainers = async () =>
  items(await world.must('Deployment', name, ns), 'spec', 'template', 'spec', 'containers').map((each) =>
    String(at(each, 'name')),
  );

/** A row of `kubectl get`, by the names of its columns. */
async function columns(...more: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const { stdout } = await world.kubectl(['get', 'mcpserver', name, '-n', ns, ...more]);
  const [names = [], values = []] = stdout.split('\n').map((line) => line.trim().split(/ {2,}/));
  return Object.fromEntries(names.map((column, index) => [column, values[index] ?? '']));
}

function waitForReady(seconds: number): Promise<KubectlResult> {
  const args = ['wait', `mcpserver/${name}`, '-n', ns, '--for=condition=Ready', `--timeout=${seconds}s`];
  return world.kubectl(args, { allowFailure: true });
}

beforeAll(async () => {
  await world.acknowledgements.mode(ns, 'manual');
  watch.start();
});

afterAll(async () => {
  await watch.stop();
});

// One server goes all the way, so each of these begins where the one before ended.
describe('the status of a server', () => {
  it('does not say that its policy is in force before the proxies say so', async () => {
    await makeServer(ns, name, {
      image: image('1.0.0'),
      replicas: 2,
      teamID: 'docs',
      gateway: { enabled: true },
      analytics: { enabled: true },
      auth: { mode: 'header' },
    });
    await giveAddress(ns, name);
    const started = await shows('PartiallyReady gateway=true policy=false', {
      GatewayReady: 'True Observed',
      DeploymentReady: 'True Observed',
      IngressReady: 'True Observed',
      PolicySynced: 'Unknown Syncing',
      PolicyReady: 'False Syncing',
    });
    expect(message(started)).toBe(
      `The proxies of 2 pods have not said yet what they enforce. Meanwhile 2 pods run ${image('1.0.0')} behind proxy ${proxy}.`,
    );
    expect((await waitForReady(1)).stderr).toContain('timed out waiting for the condition');

    const waiting = waitForReady(30);
    await acknowledge();
    const ready = await readyAgain(ns, name);
    expect(headline(ready)).toBe('Ready gateway=true policy=true');
    expect(await waiting).toMatchObject({ code: 0, stdout: expect.stringContaining('condition met') });
    expect(conditionLine(ready, 'AuditDelivering')).toBe('True Observed');
    expect(conditionLine(ready, 'Isolated')).toBe('True Observed');
    const revision = shortRevision(ready);
    expect(messageOf(ready, 'PolicySynced')).toBe(`Every proxy enforces revision ${revision}.`);
    expect(message(ready)).toBe(
      `2 pods run ${image('1.0.0')} behind proxy ${proxy}. Policy ${revision} is in force. ` +
        `Reached at http://${name}.${ns}.example.org/${name}/mcp.`,
    );
  });

  it('is what kubectl shows in columns', async () => {
    expect(await columns()).toMatchObject({
      ...{ NAME: name, TEAM: 'docs', PHASE: 'Ready', POLICY: 'true', GATEWAY: 'true', READY: 'true' },
    });
    expect(await columns('-o', 'wide')).toMatchObject({
      REASON: 'Observed',
      URL: `http://${name}.${ns}.example.org/${name}/mcp`,
      IMAGE: image('1.0.0'),
    });
  });

  it('tells a start in a few events, and describes what is wrong once', async () => {
    const told = await eventually('the event of its start is there', async () => {
      // Before the test has the proxies say something, ten seconds may pass on a busy machine.
      const events = (await eventsOf(ns, name)).filter((each) => !tellsOfLag(each));
      return events.some((each) => each.startsWith('Normal Ready: ')) && events;
    });
    expect(told.map((each) => each.split(':')[0])).toEqual(['Normal Created', 'Normal Ready']);
    expect(told[0]).toMatch(/ServiceAccount notes, ConfigMap notes-gateway-policy, .*Deployment notes/);
    const { stdout } = await world.kubectl(['describe', 'mcpserver', name, '-n', ns]);
    expect(stdout.split('is in force. Reached at')).toHaveLength(4);
    expect(stdout).toMatch(/Message: +Nothing is in the way\./);
  });

  it('forgets gateway and policy when the gateway is switched off', async () => {
    await patch({ gateway: { enabled: false } });
    const off = await shows('Ready gateway=false policy=false');
    expect(conditionLine(off, 'GatewayReady')).toBe('False GatewayDisabled');
    expect(conditionLine(off, 'PolicyReady')).toBe('False PolicyDisabled');
    expect(conditionLine(off, 'PolicySynced')).toBe('False PolicyDisabled');
    expect(conditionLine(off, 'AuditDelivering')).toBe('False GatewayDisabled');
    expect(conditionLine(off, 'IdentityVerified')).toBe('False GatewayDisabled');
    expect(conditionLine(off, 'Isolated')).toBe('False GatewayDisabled');
    expect(at(off, 'status', 'policyRevision')).toBeUndefined();
    expect(at(off, 'status', 'resolved', 'gatewayImage')).toBeUndefined();
    expect(message(off)).toBe(
      `2 pods run ${image('1.0.0')} without a proxy. Calls are neither checked nor recorded: the gateway is off. ` +
        `Reached at http://${name}.${ns}.example.org/${name}/mcp.`,
    );
    expect(await templateContainers()).toEqual([name]);
    expect(await podContainers()).toEqual([image('1.0.0'), image('1.0.0')]);
    expect(await world.get('ConfigMap', `${name}-gateway-policy`, ns)).toBeUndefined();
    expect(await world.get('NetworkPolicy', `${name}-gateway`, ns)).toBeUndefined();
    expect(await columns()).toMatchObject({
      PHASE: 'Ready',
      POLICY: 'false',
      GATEWAY: 'false',
      READY: 'true',
    });
  });

  it('says that the gateway is back when pods run it, and the policy when they enforce it', async () => {
    await patch({ gateway: { enabled: true } });
    await shows('PartiallyReady gateway=true policy=false', { DeploymentReady: 'True Observed' });
    expect(await templateContainers()).toEqual(expect.arrayContaining([name, 'mcp-gateway']));
    await until(
      'each pod runs the proxy',
      podContainers,
      (pods) => pods.length === 2 && pods.every((images) => images.includes(proxy)),
    );
    await acknowledge();
    expect(headline(await readyAgain(ns, name))).toBe('Ready gateway=true policy=true');
  });

  it('names the old image until the new one runs', async () => {
    await patch({
      image: image('2.0.0'),
      podTemplate: { metadata: { annotations: { 'test.mcpruntime.org/outcome': 'proxy-unready' } } },
    });
    const stuck = await shows('PartiallyReady gateway=false policy=true', {
      DeploymentReady: 'False ReadinessFailing',
      GatewayReady: 'False ReadinessFailing',
    });
    expect(message(stuck)).toContain(`Meanwhile 2 pods run ${image('1.0.0')} behind proxy ${proxy}.`);
    expect(at(stuck, 'status', 'deploymentReady')).toBe(false);

    const ready = await eventually('the new image runs', async () => {
      await play(ns, name, 'ready');
      await acknowledge();
      const now = await world.must('MCPServer', name, ns);
      return headline(now) === 'Ready gateway=true policy=true' && now;
    });
    expect(message(ready)).toContain(`2 pods run ${image('2.0.0')} behind proxy ${proxy}.`);
    expect(at(ready, 'status', 'resolved', 'image')).toBe(image('2.0.0'));
    expect(await podContainers()).toEqual([`${image('2.0.0')} ${proxy}`, `${image('2.0.0')} ${proxy}`]);
  });

  it('gives a new policy ten seconds to arrive before it says that it did not', async () => {
    const before = await world.must('MCPServer', name, ns);
    await make(aGrant(ns, 'ada', name));
    const written = await until(
      'another policy is written',
      () => world.must('MCPServer', name, ns),
      (now) => at(now, 'status', 'policyRevision') !== at(before, 'status', 'policyRevision'),
    );
    expect(conditionLine(written, 'PolicySynced')).toBe('True Syncing');
    expect(headline(written)).toBe('Ready gateway=true policy=true');

    const late = await shows('PartiallyReady gateway=true policy=false');
    expect(conditionLine(late, 'PolicySynced')).toBe('False PolicyLagging');
    expect(conditionLine(late, 'GatewayReady')).toBe('True Observed');
    expect(message(late)).toMatch(
      /The proxy of pod notes-\S+ and notes-\S+ does not enforce revision [0-9a-f]{12}; look at its log/,
    );
    const map = await world.must('ConfigMap', `${name}-gateway-policy`, ns);
    const times = map.metadata.managedFields?.map(({ time }) => Date.parse(time ?? '')) ?? [];
    const changedMs = Date.parse(conditionOf(late, 'PolicySynced')?.lastTransitionTime ?? '');
    // Both times are in whole seconds.
    expect(changedMs - Math.max(...times)).toBeGreaterThanOrEqual(9_000);

    await acknowledge();
    const caughtUp = await readyAgain(ns, name);
    expect(conditionLine(caughtUp, 'PolicySynced')).toBe('True Observed');
    await until(
      'it was told once',
      async () => (await eventsOf(ns, name)).filter(tellsOfLag),
      (told) => told.filter((each) => each.includes(shortRevision(written))).length === 1,
    );
  });

  it('never claimed more than there was, at any moment of all this', async () => {
    await stays('nothing is left to happen', () => readyAgain(ns, name), { forMs: 500 });
    expect([...watch.lies]).toEqual([]);
    expect(watch.looks).toBeGreaterThan(10);
  });
});
