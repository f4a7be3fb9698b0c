// Whether a server can be reached past its proxy, tried by a stranger in the same namespace and told by the status. Where no
// agent enforces NetworkPolicy, as on the test node, all that keeps a stranger out is a server that listens on loopback.
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { becomes, conditionLines, make, messageOf } from '#test/cluster/harness/builders.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { namespace } from '#test/cluster/harness/namespace.ts';
import { at, items, type KubeObject } from '#test/cluster/harness/objects.ts';
import { describeOwnNode } from './harness/node.ts';
import { aShell, inPod, readyPod, serving, shellServer } from './harness/pods.ts';
import { aServedServer, callNotesAt, inside, podsOf, servesAgain } from './harness/servers.ts';

jest.setTimeout(240_000);

const ns = namespace('isolation');
const PORTS = { server: 3000, gateway: 8091, metrics: 9103 } as const;

beforeAll(async () => {
  await make(aShell(ns, 'stranger', 'exec sleep 3600'));
  await readyPod(ns, 'stranger');
});

/** Whether a pod that is no part of the server can connect. */
async function strangerReaches(address: unknown, port: number): Promise<boolean> {
  const command = ['nc', '-w', '2', String(address), String(port)];
  const args = ['exec', '-n', ns, 'stranger', '--', ...command];
  const { code, stderr } = await cluster().kubectl(args, { allowFailure: true });
  if (code !== 0 && !/^nc: (can't connect|timed out)/.test(stderr)) throw new Error(stderr);
  return code === 0;
}

/** The server, once its status says so of its isolation. The distributor tries soon after a pod is ready, then now and then. */
const isolation = (name: string, wanted: string): Promise<KubeObject> =>
  becomes('MCPServer', ns, name, (server) => conditionLines(server, 'Isolated'), [`Isolated: ${wanted}`], {
    timeoutMs: 60_000,
  });

async function addressOf(name: string): Promise<unknown> {
  const [pod] = await podsOf(ns, name);
  return at(pod, 'status', 'podIP');
}

describe('a server that honours HOST', () => {
  it('is reached through its proxy and not past it, and its status says so', async () => {
    await aServedServer(ns, 'kept', 'notes');
    await isolation('kept', 'True Observed');
    const address = await addressOf('kept');
    expect(await strangerReaches(address, PORTS.gateway)).toBe(true);
    expect(await strangerReaches(address, PORTS.server)).toBe(false);
    expect(await callNotesAt(await inside(ns, 'kept'))).toBe('allowed');
  });

  it('has a Service that leads to the proxy alone', async () => {
    const service = await cluster().must('Service', 'kept', ns);
    const targets = items(service, 'spec', 'ports').map((port) => at(port, 'targetPort'));
    expect(targets).toEqual([PORTS.gateway, PORTS.metrics]);
    expect(await strangerReaches(at(service, 'spec', 'clusterIP'), PORTS.server)).toBe(false);
  });
});

describeOwnNode('where nothing enforces NetworkPolicy, a server that listens on every address', () => {
  it('is reached past its proxy, and its status says that and what to do', async () => {
    await aServedServer(ns, 'open', 'notes', shellServer(serving('unguarded', PORTS.server)));
    const server = await isolation('open', 'False ReachablePastProxy');
    const [pod] = await podsOf(ns, 'open');
    const address = String(at(pod, 'status', 'podIP'));
    expect(await inPod(ns, 'stranger', ['wget', '-qO-', `http://${address}:${PORTS.server}`])).toBe(
      'unguarded\n',
    );
    expect(messageOf(server, 'Isolated')).toBe(
      `Port ${PORTS.server} of pod ${pod?.metadata.name ?? ''} answers past the proxy; have the server listen on 127.0.0.1 (HOST), or run a network plugin that enforces NetworkPolicy and remove policies that open the port.`,
    );
  });

  it('is Ready all the same: that it is open is said apart, for people to be alerted by', async () => {
    const server = await servesAgain(ns, 'open');
    expect(conditionLines(server, 'Ready', 'Isolated')).toEqual([
      'Ready: True Observed',
      'Isolated: False ReachablePastProxy',
    ]);
  });

  it('has a NetworkPolicy that an agent would have closed the port by', async () => {
    const policies = await cluster().list('NetworkPolicy', ns, 'app=open');
    const rules = policies.flatMap((policy) => items(policy, 'spec', 'ingress'));
    const ports = rules.flatMap((rule) => items(rule, 'ports').map((port) => at(port, 'port')));
    expect(policies).toHaveLength(1);
    expect(ports).toContain(PORTS.gateway);
    expect(ports).not.toContain(PORTS.server);
  });

  it('is isolated once it listens on loopback', async () => {
    const script = serving('guarded', PORTS.server).replace(' -p ', ' -p 127.0.0.1:');
    await cluster().patch('MCPServer', 'open', ns, { spec: shellServer(script) });
    await servesAgain(ns, 'open');
    await isolation('open', 'True Observed');
    expect(await strangerReaches(await addressOf('open'), PORTS.server)).toBe(false);
  });
});
