// A server on its way: gateway on, off, on again, another image, another policy. After every step, and in the middle
// of it, the status says what runs, never what is wished for or what ran before.
import { describe, expect, it } from '@jest/globals';
import { workloadObjects } from '#constructs/server/mcp-server-workload.ts';
import type { McpServerSpecInput, McpServerStatus } from '#api/mcp-server.ts';
import { resolve } from '#api/resolve.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { serverStatus } from '#runtime/operator/server/status/server-status.ts';
import { z } from 'zod';
import {
  aDeployment,
  anAcknowledgement,
  anIngress,
  aPod,
  aReplicaSet,
  aServer,
  aService,
  CONFIG,
  NOW_MS,
  OLDER,
  REVISION,
  said,
} from './build.ts';
import { kstatusOf } from './kstatus.ts';

type Container = Parameters<typeof aDeployment>[0]['containers'][number];

/** A cluster with one server: what its controllers and kubelets would do, done by hand. */
class Cluster {
  status: McpServerStatus | undefined;
  private nowMs = NOW_MS;
  private generation = 0;
  private revision = 0;
  private spec: Partial<McpServerSpecInput> = {};
  private template: readonly Container[] = [];
  private older: { replicaSet: KubeObject; pods: readonly KubeObject[] } | undefined;
  private podReady = false;
  private policy: { revision: string; writtenAt: string } | undefined;
  private readonly acknowledged = new Map<string, string>();

  /** An author changes the spec, and the operator applies what it renders. */
  edit(spec: Partial<McpServerSpecInput>): void {
    this.older = this.revision === 0 ? undefined : { replicaSet: this.replicaSet(), pods: this.newest() };
    this.spec = { ...this.spec, ...spec };
    this.generation += 1;
    this.revision += 1;
    this.podReady = false;
    this.template = renderedContainers(this.server());
    if (this.spec.gateway?.enabled !== true) this.policy = undefined;
    this.pass();
  }

  /** The new pod becomes ready, and the old one ends. */
  rollOut(): void {
    this.podReady = true;
    this.pass();
    this.older = undefined;
    this.pass();
  }

  write(revision: string): void {
    this.policy = { revision, writtenAt: new Date(this.nowMs).toISOString() };
    this.pass();
  }

  acknowledge(revision: string): void {
    for (const { metadata } of this.newest()) this.acknowledged.set(metadata.uid ?? '', revision);
    this.pass();
  }

  /** Somebody takes the proxy out of the Deployment by hand, and new pods start without it. */
  breakTemplate(): void {
    this.template = this.template.filter(({ name }) => name !== 'mcp-gateway');
    this.revision += 1;
    this.pass();
  }

  repairTemplate(): void {
    this.template = renderedContainers(this.server());
    this.revision += 1;
    this.pass();
  }

  wait(ms: number): void {
    this.nowMs += ms;
    this.pass();
  }

  kstatus() {
    if (this.status === undefined) throw new Error('no pass yet');
    return kstatusOf({ generation: this.generation, status: this.status });
  }

  /** What `kubectl get` shows. */
  row() {
    const { phase, deploymentReady, gatewayReady, policyReady } = this.status ?? {};
    return { phase, deploymentReady, gatewayReady, policyReady };
  }

  private server() {
    return aServer(this.spec, this.generation);
  }

  private deployment(): KubeObject {
    const finished = this.podReady && this.older === undefined;
    return aDeployment({
      replicas: 1,
      containers: this.template,
      generation: this.revision,
      revision: this.revision,
      status: { replicas: finished ? 1 : 2, availableReplicas: this.podReady ? 1 : 0 },
    });
  }

  private replicaSet(): KubeObject {
    return aReplicaSet(this.deployment(), this.revision);
  }

  private newest(): readonly KubeObject[] {
    return [aPod(this.replicaSet(), 0, { containers: this.template, ready: this.podReady })];
  }

  private pass(): void {
    const server = this.server();
    const { older } = this;
    this.status = serverStatus({
      server,
      resolved: resolve(server, CONFIG),
      config: CONFIG,
      desiredRevision: this.policy?.revision,
      observed: {
        deployment: this.deployment(),
        replicaSets: [this.replicaSet(), ...(older === undefined ? [] : [older.replicaSet])],
        pods: [...this.newest(), ...(older?.pods ?? [])],
        service: aService,
        ingress: anIngress(['192.0.2.1']),
        ingressClass: 'found',
        policyRevision: this.policy?.revision,
        policyWrittenAt: this.policy?.writtenAt,
        acknowledgements: [...this.acknowledged].map(([pod, revision]) =>
          anAcknowledgement(pod, { revision }),
        ),
        acknowledgementSource: 'connected',
        failures: [],
        warnings: [],
      },
      previous: this.status,
      nowMs: this.nowMs,
    }).status;
  }
}

const rendered = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({ containers: z.array(z.object({ name: z.string(), image: z.string() })) }),
    }),
  }),
});

/** Containers of the pod template as the operator applies it. */
function renderedContainers(server: ReturnType<typeof aServer>): readonly Container[] {
  const deployment = workloadObjects({ server, config: CONFIG }).find(({ kind }) => kind === 'Deployment');
  return rendered.parse(deployment).spec.template.spec.containers;
}

const READY = { phase: 'Ready', deploymentReady: true, gatewayReady: true, policyReady: true };
const ON = { gateway: { enabled: true }, analytics: { enabled: true } };

function running(): Cluster {
  const cluster = new Cluster();
  cluster.edit(ON);
  cluster.write(OLDER);
  cluster.rollOut();
  cluster.acknowledge(OLDER);
  return cluster;
}

describe('a server', () => {
  it('that starts is ready only when its proxy is, and enforces its policy', () => {
    const cluster = new Cluster();
    cluster.edit(ON);
    expect(cluster.row()).toMatchObject({ phase: 'PartiallyReady', gatewayReady: false, policyReady: false });
    cluster.write(OLDER);
    expect(cluster.row()).toMatchObject({ gatewayReady: false, policyReady: false });
    cluster.rollOut();
    expect(cluster.row()).toEqual({ ...READY, phase: 'PartiallyReady', policyReady: false });
    cluster.acknowledge(OLDER);
    expect(cluster.row()).toEqual(READY);
    expect(cluster.kstatus()).toBe('Current');
    expect(cluster.status?.message).toContain('behind proxy registry.example.org/proxy:1.0.0');
  });

  it('whose gateway is switched off says so at once, and keeps nothing of what it said before', () => {
    const cluster = running();
    cluster.edit({ gateway: { enabled: false } });
    expect(cluster.row()).toEqual({
      phase: 'PartiallyReady',
      deploymentReady: false,
      gatewayReady: false,
      policyReady: false,
    });
    cluster.rollOut();
    expect(cluster.row()).toEqual({
      phase: 'Ready',
      deploymentReady: true,
      gatewayReady: false,
      policyReady: false,
    });
    const status = cluster.status ?? { observedGeneration: -1 };
    expect(said(status, 'GatewayReady')).toBe('False GatewayDisabled');
    expect(said(status, 'PolicyReady')).toBe('False PolicyDisabled');
    expect(said(status, 'AuditDelivering')).toBe('False GatewayDisabled');
    expect(status).not.toHaveProperty('policyRevision');
    expect(status.message).toContain('without a proxy');
  });

  it('whose gateway is switched on again is not governed before the first new pod is ready', () => {
    const cluster = running();
    cluster.edit({ gateway: { enabled: false } });
    cluster.rollOut();
    cluster.edit(ON);
    cluster.write(REVISION);
    expect(cluster.row()).toMatchObject({ gatewayReady: false, policyReady: false });
    expect(cluster.status?.message).toContain('1 pod runs registry.example.org/notes:1.0.0 without a proxy');
    cluster.rollOut();
    cluster.acknowledge(REVISION);
    expect(cluster.row()).toEqual(READY);
  });

  it('that gets another image is in progress until that image runs, and only then', () => {
    const cluster = running();
    cluster.edit({ image: 'registry.example.org/notes:2.0.0' });
    expect(cluster.row()).toMatchObject({ phase: 'PartiallyReady', deploymentReady: false });
    expect(cluster.kstatus()).toBe('InProgress');
    expect(cluster.status?.message).toContain('Meanwhile 1 pod runs registry.example.org/notes:1.0.0');
    cluster.rollOut();
    cluster.acknowledge(OLDER);
    expect(cluster.row()).toEqual(READY);
    expect(cluster.status?.message).toContain('1 pod runs registry.example.org/notes:2.0.0');
  });

  it('that gets another policy stays ready while it travels, and is not ready when it does not arrive', () => {
    const cluster = running();
    cluster.write(REVISION);
    expect(cluster.row()).toEqual(READY);
    expect(said(cluster.status ?? { observedGeneration: -1 }, 'PolicySynced')).toBe('True Syncing');
    cluster.wait(10_000);
    expect(cluster.row()).toEqual({ ...READY, phase: 'PartiallyReady', policyReady: false });
    cluster.acknowledge(REVISION);
    expect(cluster.row()).toEqual(READY);
    expect(cluster.status?.policyRevision).toBe(REVISION);
  });

  it('whose Deployment loses its proxy by hand says so, and recovers when it is repaired', () => {
    const cluster = running();
    cluster.breakTemplate();
    expect(cluster.row()).toMatchObject({ phase: 'PartiallyReady', gatewayReady: false, policyReady: false });
    expect(said(cluster.status ?? { observedGeneration: -1 }, 'GatewayReady')).toBe('False ProxyMissing');
    cluster.repairTemplate();
    cluster.acknowledge(OLDER);
    expect(cluster.row()).toEqual(READY);
  });
});
