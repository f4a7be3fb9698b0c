// What a proxy needs and may lose: room for its state, distributors, and a token that is good. It goes on with what it has
// and says what it lacks. It refuses what contracts want refused, such as destructive calls that can't be put on record, and
// nothing else.
//
// A clock that is minutes off can't be had here, as all pods of a node have its clock: see test/runtime/proxy/clocks.test.ts.
import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createSign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import { NAMESPACES } from '#api/names.ts';
import { IDENTITY_FILES, PROXY_CONTAINER, PROXY_PATHS, PROXY_PORTS } from '#api/proxy-config.ts';
import { callTool } from '#scripts/tool-call.ts';
import { aGrant, becomes, conditionLines, make, messageOf } from '#test/cluster/harness/builders.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { eventually, until } from '#test/cluster/harness/eventually.ts';
import { namespace } from '#test/cluster/harness/namespace.ts';
import { conditionLine, type KubeObject } from '#test/cluster/harness/objects.ts';
import { describeOwnNode, node } from './harness/node.ts';
import { logsOf } from './harness/pods.ts';
import { podUrl, reach } from './harness/reach.ts';
import { aServedServer, callNotesAt, podsOf, servedObjects, servesAgain } from './harness/servers.ts';
import { onNode, shrink, unshrink, volumeOf, whileForged } from './harness/volumes.ts';
import { containersOf, platformIsWell, readyAgain, runningPods } from './harness/workloads.ts';

jest.setTimeout(240_000);

const ns = namespace('outages');
const DISTRIBUTOR = 'mcp-runtime-distributor';
const DISTRIBUTORS = `app.kubernetes.io/name=${DISTRIBUTOR}`;
const LONG = { timeoutMs: 90_000 } as const;

const recorded = { analytics: { enabled: true } };
const tools = [
  { name: 'list_notes', sideEffect: 'read' },
  { name: 'delete_note', sideEffect: 'destructive' },
];

async function onlyPod(name: string): Promise<KubeObject> {
  const [pod] = await podsOf(ns, name);
  if (pod === undefined) throw new Error(`${name} has no pod`);
  return pod;
}

/** A page of a proxy, as far as the API server can reach it. */
async function page(pod: KubeObject, which: string): Promise<string> {
  const at = `/api/v1/namespaces/${ns}/pods/${pod.metadata.name}:${PROXY_PORTS.metrics}/proxy${which}`;
  return (await cluster().send(at)).text;
}

const proxyStatus = z.object({
  source: z.string(),
  distributors: z.object({ known: z.number(), connected: z.number(), last_error: z.string().nullable() }),
});

const statusOf = async (pod: KubeObject) =>
  proxyStatus.parse(JSON.parse(await page(pod, PROXY_PATHS.configStatus)));

async function eventsOf(pod: KubeObject, result: string): Promise<number> {
  const metric = new RegExp(`mcp_gateway_audit_events_total\\{[^}]*result="${result}"[^}]*\\} (\\d+)`);
  return Number(metric.exec(await page(pod, PROXY_PATHS.metrics))?.[1]);
}

/** The server, once a condition of it reads so. */
const says = (name: string, type: string, wanted: string): Promise<KubeObject> =>
  becomes('MCPServer', ns, name, (server) => conditionLine(server, type), wanted, LONG);

/** Starts the proxy of a pod again, and waits until it is ready. */
async function restartProxy(pod: KubeObject, restarts: number): Promise<void> {
  // As it is now: a container that was started again has another id.
  const live = await cluster().must('Pod', pod.metadata.name, pod.metadata.namespace);
  await node().killContainer(live, PROXY_CONTAINER);
  await eventually('the proxy is ready again', () => readyAgain(pod, PROXY_CONTAINER, restarts), LONG);
}

describeOwnNode('a proxy whose state volume is full', () => {
  const read = (pod: KubeObject) => callNotesAt(podUrl(pod, 'full'));
  const destroy = (pod: KubeObject) =>
    callTool({
      url: podUrl(pod, 'full'),
      tool: 'delete_note',
      args: { id: 'none' },
      headers: { 'x-mcp-human-id': 'ada' },
      fetch: reach,
    });

  beforeAll(async () => {
    await make(aGrant(ns, 'cleaners', 'full', { allowedSideEffects: ['destructive'] }));
    await aServedServer(ns, 'full', 'notes', { ...recorded, tools });
  });

  it('serves reads, refuses what has to be on record, says so, and loses nothing more once there is room', async () => {
    const pod = await onlyPod('full');
    const volume = volumeOf(pod, 'empty-dir', 'gateway-state');
    await shrink(volume, '512k');
    try {
      await restartProxy(pod, 1);
      expect([await read(pod), await destroy(pod)]).toEqual(['allowed', 'allowed']);
      await onNode('dd if=/dev/zero "of=$1/filler" bs=4k 2>&1 || true', [volume]);
      await until(
        'nothing can be recorded',
        () => destroy(pod),
        (word) => word === 'audit_unavailable',
      );
      expect(await read(pod)).toBe('allowed');
      const server = await says('full', 'AuditDelivering', 'False AuditDelayed');
      expect(messageOf(server, 'AuditDelivering')).toContain(
        `Events wait or are lost at the proxy of pod ${pod.metadata.name}; look whether `,
      );
      expect(conditionLines(server, 'Ready')).toEqual(['Ready: True Observed']);
      const log = await logsOf(ns, pod.metadata.name, PROXY_CONTAINER);
      expect(log).toContain('ENOSPC');
      expect(log).toContain('Check that ANALYTICS_INGEST_URL answers and that STATE_DIR has room.');
      // It starts on the full disk as well: whoever needs no record is served.
      await restartProxy(pod, 2);
      expect([await read(pod), await destroy(pod)]).toEqual(['allowed', 'audit_unavailable']);
      await onNode('rm "$1/filler"', [volume]);
      await until(
        'it is recorded again',
        () => destroy(pod),
        (word) => word === 'allowed',
      );
      await says('full', 'AuditDelivering', 'True Observed');
      expect(await eventsOf(pod, 'lost')).toBeGreaterThan(0);
      expect(await eventsOf(pod, 'refused')).toBe(0);
    } finally {
      await unshrink(volume);
      await cluster().delete('MCPServer', 'full', ns);
    }
  });
});

describe('a pod that starts while there is no distributor', () => {
  const scale = async (replicas: number): Promise<void> => {
    const args = ['scale', `deploy/${DISTRIBUTOR}`, `--replicas=${replicas}`, '-n', NAMESPACES.platform];
    await cluster().kubectl(args);
  };
  const distributors = () => runningPods(NAMESPACES.platform, DISTRIBUTORS);
  const call = async (human?: string) => callNotesAt(podUrl(await onlyPod('cold'), 'cold'), human);

  it('serves and denies by its ConfigMap, and status tells whom to look for', async () => {
    await scale(0);
    try {
      await until('no distributor runs', distributors, (pods) => pods.length === 0, LONG);
      await make(...servedObjects(ns, 'cold', 'notes'));
      const server = await says('cold', 'PolicySynced', 'Unknown AcknowledgementSourceLost');
      expect(messageOf(server, 'Ready')).toContain('look at the distributor');
      expect(conditionLines(server, 'GatewayReady', 'PolicyReady', 'Isolated')).toEqual([
        'GatewayReady: True Observed',
        'PolicyReady: False AcknowledgementSourceLost',
        'Isolated: Unknown AcknowledgementSourceLost',
      ]);
      const status = await statusOf(await onlyPod('cold'));
      // Names outlive what they named for a moment, so it may know an address that nobody answers at.
      expect(status).toMatchObject({ source: 'file', distributors: { connected: 0 } });
      expect(status.distributors.last_error).not.toBeNull();
      expect([await call(), await call('stranger')]).toEqual(['allowed', 'unknown_tool']);
      await cluster().patch('MCPAccessGrant', 'cold', ns, { spec: { disabled: true } });
      await until(
        'the ConfigMap has denied it',
        () => call(),
        (word) => word === 'unknown_tool',
        LONG,
      );
    } finally {
      await scale(2);
    }
    await platformIsWell();
    await cluster().patch('MCPAccessGrant', 'cold', ns, { spec: { disabled: false } });
    await servesAgain(ns, 'cold');
    await says('cold', 'PolicySynced', 'True Observed');
    await until(
      'it is granted again',
      () => call(),
      (word) => word === 'allowed',
      LONG,
    );
  });
});

const claims = z.looseObject({ iat: z.number(), nbf: z.number(), exp: z.number() });

/** The same token, signed by the cluster, as if it had been made two hours ago for one. */
function expired(token: string): string {
  const [head = '', body = ''] = token.trim().split('.');
  const json: unknown = JSON.parse(Buffer.from(body, 'base64url').toString());
  const now = Math.floor(Date.now() / 1000);
  const old = { ...claims.parse(json), iat: now - 7200, nbf: now - 7200, exp: now - 3600 };
  const signed = `${head}.${Buffer.from(JSON.stringify(old)).toString('base64url')}`;
  const key = readFileSync(path.join(path.dirname(node().about.auditLog), 'service-accounts.key'));
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(key, 'base64url')}`;
}

describeOwnNode('a proxy whose token has expired', () => {
  const call = async (human?: string) => callNotesAt(podUrl(await onlyPod('late'), 'late'), human);

  beforeAll(async () => {
    await aServedServer(ns, 'late', 'notes', recorded);
  });

  it('goes on with the policy it has, says why it gets no other, and is in step once there is a new one', async () => {
    const pod = await onlyPod('late');
    const volume = volumeOf(pod, 'projected', 'gateway-identity');
    await whileForged(volume, `..data/${IDENTITY_FILES.policyToken}`, expired, async () => {
      for (const { signal } of await containersOf(NAMESPACES.platform, DISTRIBUTORS)) await signal('SIGKILL');
      await platformIsWell();
      const server = await says('late', 'PolicySynced', 'False PolicyLagging');
      expect(messageOf(server, 'Ready')).toContain(
        `The proxy of pod ${pod.metadata.name} does not enforce revision `,
      );
      expect(messageOf(server, 'Ready')).toContain(
        'look at its log, and at its connection to the distributor',
      );
      const { distributors } = await until(
        'both distributors are known, and neither takes the proxy for anybody',
        () => statusOf(pod),
        ({ distributors: { known, connected } }) => known === 2 && connected === 0,
        LONG,
      );
      expect(distributors.last_error).toContain('the distributor answered 401');
      expect(await logsOf(ns, pod.metadata.name, PROXY_CONTAINER)).toContain('the distributor answered 401');
      expect([await call(), await call('stranger')]).toEqual(['allowed', 'unknown_tool']);
    });
    await servesAgain(ns, 'late');
    await until(
      'both distributors know it again',
      () => statusOf(pod),
      ({ distributors }) => distributors.connected === 2 && distributors.last_error === null,
      LONG,
    );
  });

  it('keeps what it has to record until ingest knows it again', async () => {
    const pod = await onlyPod('late');
    const volume = volumeOf(pod, 'projected', 'gateway-identity');
    // One that has not recorded anything yet has not read its token either.
    await restartProxy(pod, 1);
    await whileForged(volume, `..data/${IDENTITY_FILES.ingestToken}`, expired, async () => {
      expect(await call()).toBe('allowed');
      const server = await says('late', 'AuditDelivering', 'False AuditDelayed');
      expect(messageOf(server, 'AuditDelivering')).toContain(`at the proxy of pod ${pod.metadata.name}`);
      expect(await logsOf(ns, pod.metadata.name, PROXY_CONTAINER)).toContain(
        'ingest answered 401; check ANALYTICS_TOKEN_FILE',
      );
      expect(await eventsOf(pod, 'delivered')).toBe(0);
    });
    await says('late', 'AuditDelivering', 'True Observed');
    expect(await eventsOf(pod, 'delivered')).toBeGreaterThan(0);
    expect(await eventsOf(pod, 'lost')).toBe(0);
  });
});
