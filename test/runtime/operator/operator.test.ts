// The whole operator against an API server in memory: for speed, beside the tests on a real one in test/cluster.
import { CONFIG_MAP, GRANT, POD, SECRET, SERVER, SESSION } from '#runtime/policy-book/kinds.ts';
import { afterEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { customResourceDefinition } from '#api/crd.ts';
import { API_VERSION } from '#api/kind.ts';
import { KINDS } from '#api/kinds.ts';
import { readPolicyFiles, openPolicyFiles } from '#policy/policy-file.ts';
import { readOperatorSettings } from '#runtime/operator/config.ts';
import {
  CHILD_TYPES,
  CRD,
  DEPLOYMENT,
  GATEWAY,
  INGRESS_CLASS,
  LEASE,
  REPLICA_SET,
} from '#runtime/operator/kinds.ts';
import { Operator } from '#runtime/operator/operator.ts';
import { EVENTS } from '#runtime/kube/events.ts';
import { textAt } from '#runtime/kube/json-path.ts';
import type { KubeObject, ResourceType } from '#runtime/kube/object.ts';
import { silentLog } from '#runtime/process/log.ts';
import { systemClock } from '#runtime/process/clock.ts';
import { FakeApiServer } from '#test/runtime/kube/fake-api-server.ts';

const TYPES = [
  ...CHILD_TYPES,
  SERVER,
  GRANT,
  SESSION,
  POD,
  REPLICA_SET,
  INGRESS_CLASS,
  GATEWAY,
  CRD,
  LEASE,
  EVENTS,
  SECRET,
];
const INSTALLATION = { MCP_GATEWAY_PROXY_IMAGE: 'example.org/proxy:1' };
const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

async function eventually<T>(ask: () => T | undefined | false): Promise<T> {
  const deadlineMs = performance.now() + 10_000;
  for (;;) {
    const answer = ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadlineMs) throw new Error(`never: ${ask.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

class Cluster {
  readonly api: FakeApiServer;
  private operator: Operator | undefined;

  static async start(): Promise<Cluster> {
    const cluster = new Cluster(await FakeApiServer.start(TYPES));
    for (const kind of KINDS) cluster.put(CRD, { ...customResourceDefinition(kind, sha256) });
    return cluster;
  }

  private constructor(api: FakeApiServer) {
    this.api = api;
  }

  put(type: ResourceType, object: KubeObject): KubeObject {
    return this.api.put(type, object);
  }

  /** Starts an operator, with the variables of an installation. */
  async operate(env: Readonly<Record<string, string>> = INSTALLATION): Promise<Operator> {
    const settings = readOperatorSettings(env);
    if (!settings.ok) throw new Error(JSON.stringify(settings.problems));
    const { connection } = this.api;
    this.operator = new Operator({
      connection,
      settings: settings.value,
      clock: systemClock,
      log: silentLog,
    });
    void this.operator.run(true);
    const { operator } = this;
    await eventually(() => this.api.get(LEASE, { namespace: 'mcp-runtime', name: 'mcp-runtime-operator' }));
    return operator;
  }

  async rest(): Promise<void> {
    await this.operator?.stop();
    this.operator = undefined;
  }

  async end(): Promise<void> {
    await this.rest();
    await this.api.close();
  }

  server(spec: object = {}): KubeObject {
    return this.put(SERVER, {
      apiVersion: API_VERSION,
      kind: 'MCPServer',
      metadata: { name: 'notes', namespace: 'team-a' },
      spec: {
        image: 'example.org/notes:1',
        replicas: 1,
        gateway: { enabled: true },
        tools: [{ name: 'look', sideEffect: 'read' }],
        ...spec,
      },
    });
  }

  session(spec: object = {}): KubeObject {
    return this.put(SESSION, {
      apiVersion: API_VERSION,
      kind: 'MCPAgentSession',
      metadata: { name: 'demo', namespace: 'team-a' },
      spec: { serverRef: { name: 'notes' }, subject: { humanID: 'user-1' }, ...spec },
    });
  }

  get policy(): KubeObject | undefined {
    return this.api.get(CONFIG_MAP, { namespace: 'team-a', name: 'notes-gateway-policy' });
  }

  get keys(): KubeObject | undefined {
    return this.api.get(SECRET, { namespace: 'team-a', name: 'notes-gateway-keys' });
  }

  get deployment(): KubeObject | undefined {
    return this.api.get(DEPLOYMENT, { namespace: 'team-a', name: 'notes' });
  }

  /** Status of the server once it speaks of the generation. */
  async status(): Promise<Readonly<Record<string, unknown>>> {
    const key = { namespace: 'team-a', name: 'notes' };
    const of = (object: KubeObject | undefined) => {
      const status = object?.['status'];
      return typeof status === 'object' && status !== null ? { ...status } : undefined;
    };
    await eventually(() => {
      const object = this.api.get(SERVER, key);
      const generation = Object.entries(of(object) ?? {}).find(
        ([name]) => name === 'observedGeneration',
      )?.[1];
      return generation !== undefined && generation === object?.metadata.generation;
    });
    return of(this.api.get(SERVER, key)) ?? {};
  }

  /** Writes about servers, without leases and events. */
  get writes(): readonly string[] {
    return this.api.writes.filter((write) => !/\/(leases|events)\b/.test(write));
  }

  /** Resolves when nothing was asked for a while. */
  async quiet(): Promise<void> {
    let [seen, sinceMs] = [-1, performance.now()];
    while (performance.now() - sinceMs < 600) {
      if (this.writes.length !== seen) [seen, sinceMs] = [this.writes.length, performance.now()];
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

let cluster: Cluster;
afterEach(async () => {
  await cluster.end();
});

describe('an operator', () => {
  it('makes the children of a server, and says what there is', async () => {
    cluster = await Cluster.start();
    await cluster.operate();
    cluster.server();
    expect(await cluster.status()).toMatchObject({ phase: expect.any(String), gatewayReady: false });
    expect(cluster.deployment?.metadata.ownerReferences).toMatchObject([
      { kind: 'MCPServer', name: 'notes' },
    ]);
    expect(readPolicyFiles(cluster.policy)?.form).toBe('plain');
  });

  it('never writes the spec', async () => {
    cluster = await Cluster.start();
    await cluster.operate();
    const before = cluster.server();
    await cluster.status();
    await cluster.quiet();
    const after = cluster.api.get(SERVER, { namespace: 'team-a', name: 'notes' });
    expect(after?.['spec']).toEqual(before['spec']);
    expect(cluster.writes.filter((write) => /mcpservers\/notes$/.test(write))).toEqual([]);
  });

  it('writes nothing when it looks again, and nothing when it is started again', async () => {
    cluster = await Cluster.start();
    await cluster.operate();
    cluster.server();
    cluster.session();
    await cluster.status();
    await cluster.quiet();
    const first = cluster.writes.length;
    expect(first).toBeGreaterThan(5);
    const stored = cluster.api.get(SERVER, { namespace: 'team-a', name: 'notes' });
    if (stored === undefined) throw new Error('the server is gone');
    cluster.put(SERVER, { ...stored, metadata: { ...stored.metadata, labels: { touched: 'yes' } } });
    await cluster.quiet();
    expect(cluster.writes.slice(first)).toEqual([]);
    await cluster.rest();
    await cluster.operate();
    await cluster.quiet();
    expect(cluster.writes.slice(first)).toEqual([]);
  });

  it('makes the keys of its proxies before the pods, and others where somebody spoilt them', async () => {
    cluster = await Cluster.start();
    await cluster.operate();
    cluster.server();
    await cluster.status();
    const made = await eventually(() => cluster.keys);
    const place = (kind: string) => cluster.writes.findIndex((write) => write.includes(`/${kind}`));
    expect(place('secrets')).toBeGreaterThan(-1);
    expect(place('secrets')).toBeLessThan(place('deployments'));
    const template = JSON.stringify(cluster.deployment?.['spec']);
    cluster.put(SECRET, { ...made, data: {} });
    await cluster.rest();
    await cluster.operate();
    const mended = await eventually(() => textAt(cluster.keys, 'data', 'keys.json'));
    expect(mended).not.toBe(textAt(made, 'data', 'keys.json'));
    await cluster.quiet();
    expect(JSON.stringify(cluster.deployment?.['spec'])).toBe(template);
  });

  it('lets no pods out without their keys, and says what keeps it from them', async () => {
    cluster = await Cluster.start();
    const metadata = { name: 'notes-gateway-keys', namespace: 'team-a' };
    cluster.put(SECRET, { apiVersion: 'v1', kind: 'Secret', metadata, data: {} });
    await cluster.operate();
    cluster.server();
    const { message } = await cluster.status();
    expect(message).toMatch(/Secret notes-gateway-keys could not be applied.*delete or rename/);
    await cluster.quiet();
    expect(cluster.deployment).toBeUndefined();
    expect(readPolicyFiles(cluster.policy)?.form).toBe('plain');
  });

  it('removes what is switched off', async () => {
    cluster = await Cluster.start();
    await cluster.operate();
    cluster.server();
    await eventually(() => cluster.policy !== undefined && cluster.deployment !== undefined);
    expect(cluster.keys).toBeDefined();
    cluster.server({ gateway: { enabled: false } });
    await eventually(() => cluster.policy === undefined);
    expect(cluster.keys).toBeUndefined();
    expect(await eventually(() => cluster.deployment)).toBeDefined();
  });

  it('puts a revocation on record and into the policy, also of a server that it can not render any more', async () => {
    cluster = await Cluster.start();
    await cluster.operate();
    cluster.server();
    cluster.session();
    await eventually(() => {
      const opened = openPolicyFiles(cluster.policy);
      return opened.ok && opened.value.sessions.length === 1;
    });
    // It comes after the policy.
    await eventually(() => cluster.deployment);
    await cluster.rest();
    // The installation names no image of the proxy any more, so nothing of the server can be rendered.
    await cluster.operate({});
    expect(await eventually(() => phaseOf(cluster) === 'Error')).toBe(true);
    cluster.session({ revoked: true });
    await eventually(() => {
      const opened = openPolicyFiles(cluster.policy);
      return opened.ok && opened.value.sessions[0]?.revoked === true;
    });
    const record = cluster.api.get(CONFIG_MAP, { namespace: 'team-a', name: 'mcp-runtime-tombstones' });
    expect(JSON.stringify(record?.['data'])).toContain('demo');
    expect(cluster.deployment).toBeDefined();
  });

  it('is not ready beside an operator of the Go system, and works for nobody', async () => {
    cluster = await Cluster.start();
    cluster.put(LEASE, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { namespace: 'mcp-runtime', name: 'mcp-runtime-operator.mcpruntime.org' },
      spec: { holderIdentity: 'old', renewTime: new Date().toISOString(), leaseDurationSeconds: 15 },
    });
    const settings = readOperatorSettings(INSTALLATION);
    if (!settings.ok) throw new Error('settings');
    const { connection } = cluster.api;
    const operator = new Operator({
      connection,
      settings: settings.value,
      clock: systemClock,
      log: silentLog,
    });
    void operator.run(true);
    const problems = await eventually(() => {
      const found = operator.problems();
      return found.some((problem) => problem.includes('mcp-runtime-operator.mcpruntime.org')) && found;
    });
    cluster.server();
    await cluster.quiet();
    expect(problems).toHaveLength(1);
    expect(cluster.deployment).toBeUndefined();
    await operator.stop();
  });

  it('is not ready where the schemas are those of another version', async () => {
    cluster = await Cluster.start();
    const operator = await cluster.operate();
    expect(operator.problems()).toEqual([]);
    const [first] = KINDS.map((kind) => customResourceDefinition(kind, () => 'sha256:old'));
    cluster.put(CRD, {
      ...first,
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { ...first?.metadata, name: 'mcpservers.mcpruntime.org' },
    });
    const [problem] = await eventually(() => operator.problems().length > 0 && operator.problems());
    expect(problem).toContain('mcpservers.mcpruntime.org');
  });
});

function phaseOf({ api }: Cluster): unknown {
  const status = api.get(SERVER, { namespace: 'team-a', name: 'notes' })?.['status'];
  return Object.entries(typeof status === 'object' && status !== null ? status : {}).find(
    ([name]) => name === 'phase',
  )?.[1];
}
