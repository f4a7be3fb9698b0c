// What goes wrong with the pods of a server, and what its status and its events then tell a person: what it is, where, and
// what to do. What still serves goes on, and is governed as before.
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PROXY_CONTAINER } from '#api/proxy-config.ts';
import { becomes, make, messageOf } from '#test/cluster/harness/builders.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { eventually, until } from '#test/cluster/harness/eventually.ts';
import { namespace } from '#test/cluster/harness/namespace.ts';
import { at, byName, conditionLine, items, type KubeObject } from '#test/cluster/harness/objects.ts';
import { describeOwnNode, node } from './harness/node.ts';
import { inPod, shellServer } from './harness/pods.ts';
import { podUrl } from './harness/reach.ts';
import { callNotesAt, inside, podsOf, servedObjects, servesAgain } from './harness/servers.ts';
import { platformIsWell } from './harness/workloads.ts';

jest.setTimeout(240_000);

const ns = namespace('failures');

/** Listens in the background, so that what listens can end while its container goes on. */
const LISTEN = ['httpd', '-p', '127.0.0.1:3000', '-h', '/tmp'] as const;

beforeAll(async () => {
  const greedy = {
    ...shellServer('sleep 1; exec tail /dev/zero'),
    resources: { requests: { memory: '16Mi' }, limits: { memory: '24Mi' } },
  };
  await make(
    ...servedObjects(ns, 'steady', 'notes'),
    ...servedObjects(ns, 'crashing', 'notes', shellServer('echo there is no configuration; exit 3')),
    ...servedObjects(ns, 'greedy', 'notes', greedy),
    ...servedObjects(ns, 'deaf', 'notes', shellServer(`${LISTEN.join(' ')}; exec sleep 3600`)),
  );
});

/** Warnings about a server, `reason: message`. */
async function warningsOf(name: string): Promise<readonly string[]> {
  const events = await cluster().list('Event', ns);
  return events
    .filter((event) => at(event, 'involvedObject', 'kind') === 'MCPServer')
    .filter((event) => at(event, 'involvedObject', 'name') === name && at(event, 'type') === 'Warning')
    .map((event) => `${String(at(event, 'reason'))}: ${String(at(event, 'message'))}`);
}

interface Told {
  readonly reason: string;
  /** @default the reason */
  readonly event?: string;
  /** Parts of the message, in status and event. */
  readonly words: readonly string[];
}

/** The server, once its status says what is wrong, and an event has told it. */
async function isTold(name: string, { reason, event = reason, words }: Told): Promise<KubeObject> {
  const ready = (server: KubeObject) => conditionLine(server, 'Ready');
  const wanted = `False ${reason}`;
  const server = await becomes('MCPServer', ns, name, ready, wanted, { timeoutMs: 90_000 });
  for (const word of words) expect(messageOf(server, 'Ready')).toContain(word);
  // Lost readiness is told once, in words of what was known at first.
  const inEvent = event === 'NotReady' ? [] : words;
  await until(
    `a warning ${event} tells it`,
    () => warningsOf(name),
    (warnings) =>
      warnings.some((told) => told.startsWith(`${event}: `) && inEvent.every((word) => told.includes(word))),
  );
  return server;
}

const serverCall = async (name: string, human?: string) => callNotesAt(await inside(ns, name), human);

describe('a server', () => {
  it('whose new image there is none of says so, and what ran before goes on', async () => {
    await servesAgain(ns, 'steady');
    const image = 'registry.example.org/nothing:1';
    await cluster().patch('MCPServer', 'steady', ns, { spec: { image } });
    await isTold('steady', {
      reason: 'ImagePullFailed',
      words: [
        `container steady can't have the image ${image} (`,
        'correct spec.image and spec.imageTag, or name a pull secret in spec.imagePullSecrets',
        'Meanwhile 1 pod runs mcp-runtime.local/notes:test behind proxy',
      ],
    });
    expect(await serverCall('steady')).toBe('allowed');
    expect(await serverCall('steady', 'stranger')).toBe('unknown_tool');
    await cluster().patch('MCPServer', 'steady', ns, { spec: { image: 'mcp-runtime.local/notes:test' } });
    await servesAgain(ns, 'steady');
  });

  it('that ends again and again says with which code, and how to read what it said', async () => {
    const server = await isTold('crashing', {
      reason: 'CrashLooping',
      words: ['container crashing ends again and again, last with exit code 3; read `kubectl logs '],
    });
    const command = /`kubectl ([^`]*)`/.exec(messageOf(server, 'Ready'))?.[1] ?? '';
    await eventually('the command shows it', async () => {
      const { stdout } = await cluster().kubectl(command.split(' '));
      return stdout === 'there is no configuration\n';
    });
  });

  it('that takes more memory than it may says so, and where to give it more', async () => {
    await isTold('greedy', {
      reason: 'OutOfMemory',
      words: ['container greedy was ended because it used more memory', 'raise spec.resources.limits.memory'],
    });
  });

  it('that no longer listens is not ready, though its proxy is well, and is ready again once it does', async () => {
    await servesAgain(ns, 'deaf');
    const [pod] = await podsOf(ns, 'deaf');
    const podName = pod?.metadata.name ?? '';
    await inPod(ns, podName, ['killall', 'httpd'], 'deaf');
    await isTold('deaf', {
      reason: 'ReadinessFailing',
      event: 'NotReady',
      words: [
        `pod ${podName}: its proxy does not say that it is ready`,
        'does not listen on its port (spec.port)',
      ],
    });
    const statuses = items(await cluster().must('Pod', podName, ns), 'status', 'containerStatuses');
    expect(at(byName(statuses, PROXY_CONTAINER), 'restartCount')).toBe(0);
    await inPod(ns, podName, LISTEN, 'deaf');
    await servesAgain(ns, 'deaf');
  });
});

describeOwnNode('a node that falls silent', () => {
  it('is named, its pods go on and enforce, and all is well once it is back', async () => {
    await servesAgain(ns, 'steady');
    const [pod] = await podsOf(ns, 'steady');
    if (pod === undefined) throw new Error('steady has no pod');
    const name = node().about.node?.name ?? '';
    await node().whileLost(async () => {
      await isTold('steady', {
        reason: 'NodeLost',
        words: [
          `pod ${pod.metadata.name}: node ${name} no longer says how it is`,
          `kubectl describe node ${name}`,
        ],
      });
      expect(await callNotesAt(podUrl(pod, 'steady'))).toBe('allowed');
      expect(await callNotesAt(podUrl(pod, 'steady'), 'stranger')).toBe('unknown_tool');
    });
    await servesAgain(ns, 'steady');
    await platformIsWell();
  });
});
