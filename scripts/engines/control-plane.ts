// A Kubernetes control plane in a throw-away folder: etcd, API server, controller manager, scheduler, and kwok, which
// plays three nodes and their pods, unless there is a real node. Everything listens on loopback, but for the API server
// of a real node's pods, and stop() ends exactly what was started here.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ApiClient } from './api-client.ts';
import {
  ADMIN,
  COMPONENTS,
  kubeconfigText,
  nodeObject,
  schedulerConfigText,
  writeAuditPolicy,
  writeServiceAccountKeys,
  writeTokens,
  type ServiceAccountKeys,
  type User,
} from './control-plane-files.ts';
import { EngineError } from './engine-error.ts';
import type { Engines, PlaneEngines } from './find-engines.ts';
import { freePort } from './free-port.ts';
import { Processes, type EngineProcess } from './processes.ts';
import { stagesText } from './stages.ts';

/** What the control plane has to know of a node with a kubelet. Nobody plays nodes then; the kubelet is not started. */
export interface RealNode {
  /** Where pods reach the API server. */
  readonly address: string;
  readonly port: number;
  /** Addresses of Services, `10.96.0.0/24`. */
  readonly services: string;
  /** What the API server shows to a kubelet: files of a certificate and its key. */
  readonly kubeletClient: { readonly certificate: string; readonly key: string };
}

export interface ControlPlaneOptions {
  /** With kwok, or with a real node. */
  readonly engines: Engines | (PlaneEngines & { readonly kwok?: undefined });
  readonly node?: RealNode;
  /** An empty folder; `stop` removes it. */
  readonly folder: string;
  /** Users beside `admin`, for tests of what somebody may do. */
  readonly users?: readonly User[];
  /** Requests a second that each controller may make; a bench needs more. @default 100 */
  readonly clientQps?: number;
  /** Makes what controllers have to find when they start, because they look for it seldom later: definitions. */
  readonly beforeControllers?: (plane: ControlPlane) => Promise<void>;
  /** Whether there are controllers, a scheduler and nodes; without, nobody changes what a test makes. @default true */
  readonly controllers?: boolean;
}

/** A loaded machine takes a minute. */
const upWithinMs = 180_000;

export class ControlPlane {
  readonly folder: string;
  readonly url: string;
  readonly engines: ControlPlaneOptions['engines'];
  readonly auditLog: string;
  private readonly options: ControlPlaneOptions;
  private readonly ports: { readonly api: number; readonly etcd: number; readonly peer: number };
  private readonly processes: Processes;
  private readonly tokens: ReadonlyMap<string, string>;
  private readonly keys: ServiceAccountKeys;
  private apiServer: EngineProcess | undefined;
  private admin: ApiClient | undefined;

  /** Starts all of it; resolves when nodes, where there are any, are ready for pods. Nothing is left running where it throws. */
  static async start(options: ControlPlaneOptions): Promise<ControlPlane> {
    const ports = {
      api: options.node?.port ?? (await freePort()),
      etcd: await freePort(),
      peer: await freePort(),
    };
    const plane = new ControlPlane(options, ports);
    try {
      await plane.startAll();
      return plane;
    } catch (error) {
      await plane.stop();
      throw error;
    }
  }

  private constructor(options: ControlPlaneOptions, ports: ControlPlane['ports']) {
    this.options = options;
    this.engines = options.engines;
    this.folder = options.folder;
    this.ports = ports;
    this.url = `https://${options.node?.address ?? '127.0.0.1'}:${ports.api}`;
    mkdirSync(this.folder, { recursive: true });
    this.auditLog = this.file('audit.log');
    const users = [ADMIN, ...Object.values(COMPONENTS), ...(options.users ?? [])];
    this.tokens = writeTokens(this.file('tokens.csv'), users);
    this.keys = writeServiceAccountKeys(this.folder);
    writeAuditPolicy(this.file('audit-policy.yaml'));
    this.processes = new Processes(this.folder);
  }

  /** Certificate of the API server, which signed itself. */
  get ca(): string {
    return readFileSync(this.file('certificates/apiserver.crt'), 'utf8');
  }

  tokenOf(user: string): string {
    const token = this.tokens.get(user);
    if (token === undefined) throw new Error(`there is no user ${user}`);
    return token;
  }

  /** Path of a kubeconfig; written when it is asked for. */
  kubeconfigOf(user: string): string {
    return this.writeKubeconfig(user, this.tokenOf(user));
  }

  /** Path of a kubeconfig for a token that was made otherwise. */
  writeKubeconfig(user: string, token: string): string {
    const file = this.file(`${user.replaceAll(':', '-')}.kubeconfig`);
    writeFileSync(file, kubeconfigText(this.url, this.ca, user, token), { mode: 0o600 });
    return file;
  }

  clientOf(user: string): ApiClient {
    return new ApiClient(this.url, this.ca, this.tokenOf(user));
  }

  /** Ends the API server; its clients find nobody until `startApiServer`. */
  async stopApiServer(): Promise<void> {
    await this.apiServer?.stop();
  }

  /** Starts it again on the same port, with the same users and keys. */
  async startApiServer(): Promise<void> {
    await this.runApiServer();
  }

  async restartApiServer(): Promise<void> {
    await this.stopApiServer();
    await this.startApiServer();
  }

  /**
   * Forgets all but the newest state in etcd. An API server goes on serving watches from its own memory: whoever is to
   * see 410 has to lose that too, by a restart after this.
   */
  async compact(): Promise<void> {
    const ask = async (method: string, body: object): Promise<unknown> => {
      const url = `http://127.0.0.1:${this.ports.etcd}/v3/kv/${method}`;
      const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
      if (!response.ok)
        throw new EngineError('engine_failed', `etcd refused ${method}: ${await response.text()}`);
      return response.json();
    };
    const any = Buffer.from('/').toString('base64');
    const range = z.object({ header: z.object({ revision: z.string() }) });
    const { header } = range.parse(await ask('range', { key: any }));
    await ask('compaction', { revision: header.revision, physical: true });
  }

  /** Ends every process and removes the folder. */
  async stop({ keepFolder = false }: { readonly keepFolder?: boolean } = {}): Promise<void> {
    await this.admin?.close();
    this.admin = undefined;
    await this.processes.stopAll();
    if (!keepFolder) rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Another process that goes when the control plane goes: an operator, for example. */
  get supervisor(): Processes {
    return this.processes;
  }

  private file(name: string): string {
    return path.join(this.folder, name);
  }

  private async startAll(): Promise<void> {
    const client = `http://127.0.0.1:${this.ports.etcd}`;
    const peer = `http://127.0.0.1:${this.ports.peer}`;
    this.processes.start({
      name: 'etcd',
      program: this.engines.etcd,
      args: [
        `--data-dir=${this.file('etcd')}`,
        `--listen-client-urls=${client}`,
        `--advertise-client-urls=${client}`,
        `--listen-peer-urls=${peer}`,
        `--initial-advertise-peer-urls=${peer}`,
        `--initial-cluster=default=${peer}`,
        '--unsafe-no-fsync',
        '--log-level=warn',
      ],
    });
    await this.runApiServer();
    this.admin = this.clientOf(ADMIN.name);
    await this.options.beforeControllers?.(this);
    if (this.options.controllers === false) return;
    this.startControllers();
    if (this.options.node !== undefined) return;
    for (const [index, zone] of ['zone-a', 'zone-b', 'zone-c'].entries()) {
      await this.admin.json('/api/v1/nodes', { method: 'POST', body: nodeObject(`node-${index}`, zone) });
    }
    await this.untilNodesReady(this.admin);
  }

  private async runApiServer(): Promise<void> {
    const { etcd, api } = this.ports;
    const server = this.processes.start({
      name: 'kube-apiserver',
      program: this.engines.kubeApiserver,
      // It would wait a minute for connections that nobody closes. What was answered is in etcd.
      graceMs: 1_000,
      args: [
        `--etcd-servers=http://127.0.0.1:${etcd}`,
        `--secure-port=${api}`,
        `--cert-dir=${this.file('certificates')}`,
        ...argsFor(this.options.node),
        '--service-account-issuer=https://kubernetes.default.svc.cluster.local',
        `--service-account-key-file=${this.keys.publicFile}`,
        `--service-account-signing-key-file=${this.keys.privateFile}`,
        `--token-auth-file=${this.file('tokens.csv')}`,
        '--allow-privileged',
        `--audit-policy-file=${this.file('audit-policy.yaml')}`,
        `--audit-log-path=${this.auditLog}`,
        // Never moved aside, because tests read it from its beginning.
        '--audit-log-maxsize=100000',
        '--shutdown-delay-duration=0s',
      ],
    });
    this.apiServer = server;
    await this.untilReady(server);
  }

  private startControllers(): void {
    const qps = this.options.clientQps ?? 100;
    this.processes.start({
      name: 'kube-controller-manager',
      program: this.engines.kubeControllerManager,
      args: [
        `--kubeconfig=${this.kubeconfigOf(COMPONENTS.controllerManager.name)}`,
        `--service-account-private-key-file=${this.keys.privateFile}`,
        `--root-ca-file=${this.file('certificates/apiserver.crt')}`,
        '--use-service-account-credentials',
        '--leader-elect=false',
        '--secure-port=0',
        `--kube-api-qps=${qps}`,
        `--kube-api-burst=${2 * qps}`,
        '--concurrent-deployment-syncs=20',
        '--concurrent-replicaset-syncs=20',
        '--concurrent-namespace-syncs=20',
        '--concurrent-gc-syncs=40',
        '--horizontal-pod-autoscaler-sync-period=2s',
        // A node that says nothing counts as lost after this, and nobody wants to wait for longer in a test.
        ...(this.options.node === undefined ? [] : ['--node-monitor-grace-period=16s']),
      ],
    });
    const schedulerConfig = this.file('scheduler.yaml');
    const schedulerKubeconfig = this.kubeconfigOf(COMPONENTS.scheduler.name);
    writeFileSync(schedulerConfig, schedulerConfigText(schedulerKubeconfig, qps));
    this.processes.start({
      name: 'kube-scheduler',
      program: this.engines.kubeScheduler,
      args: [`--config=${schedulerConfig}`, '--secure-port=0'],
    });
    if (this.engines.kwok !== undefined) this.startPlayer(this.engines.kwok);
  }

  private startPlayer(kwok: string): void {
    const stages = this.file('stages.yaml');
    writeFileSync(stages, stagesText());
    this.processes.start({
      name: 'kwok',
      program: kwok,
      args: [
        `--kubeconfig=${this.kubeconfigOf(COMPONENTS.kwok.name)}`,
        `--config=${stages}`,
        '--manage-all-nodes',
        '--node-ip=10.97.0.1',
        '--cidr=10.98.0.0/15',
        '--node-lease-duration-seconds=40',
      ],
    });
  }

  private async untilReady(server: EngineProcess): Promise<void> {
    const until = performance.now() + upWithinMs;
    let last = 'it has no certificate yet';
    while (performance.now() < until) {
      if (server.exit !== undefined) break;
      try {
        const client = this.clientOf(ADMIN.name);
        const { status, text } = await client.send('/readyz', { timeoutMs: 5_000 });
        await client.close();
        if (status === 200) return;
        last = text;
      } catch (error) {
        last = error instanceof Error ? error.message : String(error);
      }
      await sleep(50);
    }
    throw new EngineError(
      'engine_failed',
      `kube-apiserver did not come up (${last}):\n${server.lastWords()}`,
    );
  }

  private async untilNodesReady(admin: ApiClient): Promise<void> {
    const nodes = z.object({
      items: z.array(
        z.object({
          spec: z.object({ taints: z.array(z.unknown()).optional() }),
          status: z.object({
            conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional(),
          }),
        }),
      ),
    });
    const until = performance.now() + upWithinMs;
    while (performance.now() < until) {
      const { items } = nodes.parse(await admin.json('/api/v1/nodes'));
      const ready = items.filter(
        ({ spec, status }) =>
          (spec.taints ?? []).length === 0 &&
          status.conditions?.some(({ type, status: holds }) => type === 'Ready' && holds === 'True') === true,
      );
      if (ready.length === items.length) return;
      await sleep(100);
    }
    throw new EngineError('engine_failed', `the nodes did not become ready; see the logs in ${this.folder}`);
  }
}

/** Where the API server listens, whom it lets in, and whether a Service leads to it. */
function argsFor(node: RealNode | undefined): readonly string[] {
  if (node === undefined)
    return [
      '--bind-address=127.0.0.1',
      // There is no node that could reach this address, so no Service has to lead to it.
      '--endpoint-reconciler-type=none',
      '--service-cluster-ip-range=10.96.0.0/16',
      '--authorization-mode=RBAC',
    ];
  return [
    `--bind-address=${node.address}`,
    `--advertise-address=${node.address}`,
    `--service-cluster-ip-range=${node.services}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    `--kubelet-client-certificate=${node.kubeletClient.certificate}`,
    `--kubelet-client-key=${node.kubeletClient.key}`,
    '--kubelet-preferred-address-types=InternalIP',
  ];
}
