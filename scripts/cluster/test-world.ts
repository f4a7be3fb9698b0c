// One cluster to test on: a control plane with our kinds and the control plane's manifests, two operators, the
// acknowledgement source, and a file that tells tests where all of it is.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { NAMESPACES } from '#api/names.ts';
import { OPERATOR } from '#constructs/control-plane/names.ts';
import type { ApiClient } from '../engines/api-client.ts';
import { ControlPlane } from '../engines/control-plane.ts';
import { ADMIN, type User } from '../engines/control-plane-files.ts';
import type { ChartEngines, Engines } from '../engines/find-engines.ts';
import type { Say } from '../engines/go.ts';
import { AcknowledgementSource } from './acknowledgement-source.ts';
import { PLAIN_USERS, type ClusterFile } from './cluster-file.ts';
import { ControlEndpoint } from './control-endpoint.ts';
import { untilCollected } from './garbage-collector.ts';
import { install, installDefinitions } from './installer.ts';
import { Operators } from './operators.ts';
import { commandsOf } from './world-commands.ts';

/** Classes of Ingress that are there. None has a controller, so a test gives addresses where it needs them. */
const INGRESS_CLASSES = [
  { name: 'traefik', controller: 'traefik.io/ingress-controller' },
  { name: 'nginx', controller: 'k8s.io/ingress-nginx' },
  { name: 'istio', controller: 'istio.io/ingress-controller' },
];

/** What a Secret of the installation gives the operator: credentials of the registry. */
const REGISTRY_LOGIN = {
  PROVISIONED_REGISTRY_USERNAME: 'puller',
  PROVISIONED_REGISTRY_PASSWORD: 'of-the-test-registry',
};

/** Reads pods and policies for the acknowledgement source; apart from `admin`, so that audits of tests are theirs. */
const WATCHER: User = { name: 'acknowledger', groups: ['system:masters'] };

export interface TestWorldOptions {
  readonly engines: Engines;
  readonly charts: ChartEngines;
  /** A folder that is made, and goes with the world. */
  readonly folder: string;
  /** Folders of further definitions to install. */
  readonly definitions: readonly string[];
  /** Bundle of the operator; without it none runs. */
  readonly operator?: string | undefined;
  /** Hears what is waited for. */
  readonly say: Say;
}

export class TestWorld {
  readonly plane: ControlPlane;
  readonly operators: Operators;
  private readonly charts: ChartEngines;
  private readonly source: AcknowledgementSource;
  private readonly watcher: ApiClient;
  private readonly endpoint: ControlEndpoint;

  /** Nothing is left running where it throws. */
  static async start(options: TestWorldOptions): Promise<TestWorld> {
    const { engines, folder } = options;
    const plain = PLAIN_USERS.map((name) => ({ name, groups: [] }));
    const plane = await ControlPlane.start({
      engines,
      folder,
      users: [WATCHER, ...plain],
      beforeControllers: (young) => installDefinitions(young, options.definitions),
    });
    try {
      const world = await TestWorld.on(plane, options);
      await world.endpoint.start();
      return world;
    } catch (error) {
      await plane.stop();
      throw error;
    }
  }

  private static async on(plane: ControlPlane, options: TestWorldOptions): Promise<TestWorld> {
    const watcher = plane.clientOf(WATCHER.name);
    const source = new AcknowledgementSource(watcher);
    try {
      await source.start();
      const operators = await startOperators(plane, source.url, options);
      return new TestWorld(plane, operators, source, watcher, options.charts);
    } catch (error) {
      await source.stop();
      await watcher.close();
      throw error;
    }
  }

  private constructor(
    plane: ControlPlane,
    operators: Operators,
    source: AcknowledgementSource,
    watcher: ApiClient,
    charts: ChartEngines,
  ) {
    this.charts = charts;
    this.plane = plane;
    this.operators = operators;
    this.source = source;
    this.watcher = watcher;
    this.endpoint = new ControlEndpoint(commandsOf(plane, source, operators));
  }

  /** Writes what tests need to know, and returns the path. */
  writeFile(): string {
    const { plane, endpoint, charts } = this;
    const users = [ADMIN.name, ...PLAIN_USERS].map(
      (name) => [name, { token: plane.tokenOf(name), kubeconfig: plane.kubeconfigOf(name) }] as const,
    );
    const content: ClusterFile = {
      minor: plane.engines.minor,
      url: plane.url,
      ca: plane.ca,
      kubectl: plane.engines.kubectl,
      charts,
      users: Object.fromEntries(users),
      auditLog: plane.auditLog,
      operator: { namespace: NAMESPACES.platform, serviceAccount: OPERATOR.serviceAccount },
      control: { url: endpoint.url, token: endpoint.token },
    };
    const file = path.join(plane.folder, 'cluster.json');
    writeFileSync(file, JSON.stringify(content, null, 2), { mode: 0o600 });
    return file;
  }

  async stop(options: { readonly keepFolder?: boolean } = {}): Promise<void> {
    await this.endpoint.stop();
    await this.source.stop();
    await this.watcher.close();
    await this.plane.stop(options);
  }
}

/** Installs the platform, and starts its operators once Kubernetes itself is ready for our kinds. */
async function startOperators(
  plane: ControlPlane,
  acknowledgementsUrl: string,
  options: TestWorldOptions,
): Promise<Operators> {
  const props = {
    image: 'registry.example.org/mcp-runtime/operator:1.0.0',
    distributor: { off: { reason: 'the suite has a source of acknowledgements of its own' } },
    acknowledgementsUrl,
    config: {
      clusterName: 'test',
      gatewayImage: 'registry.example.org/mcp-runtime/proxy:1.0.0',
      distributorUrl: 'https://mcp-runtime-distributor-pods.mcp-runtime.svc.cluster.local:9443',
      ingestUrl: 'http://mcp-sentinel-ingest.mcp-sentinel.svc.cluster.local:8081/events',
      provisionedRegistryUrl: 'registry.example.org:5000',
    },
    registryCredentials: { secretName: 'registry-login' },
  };
  const installed = await install(plane, props);
  const admin = plane.clientOf(ADMIN.name);
  try {
    await makeIngressClasses(admin);
    options.say('waiting until the garbage collector knows our kinds');
    await untilCollected(admin);
  } finally {
    await admin.close();
  }
  return Operators.start({
    supervisor: plane.supervisor,
    program: options.operator ?? '',
    kubeconfig: installed.operatorKubeconfig,
    namespace: NAMESPACES.platform,
    env: { ...installed.operatorEnv, ...REGISTRY_LOGIN },
    replicas: options.operator === undefined ? 0 : 2,
  });
}

async function makeIngressClasses(admin: ApiClient): Promise<void> {
  for (const { name, controller } of INGRESS_CLASSES) {
    const body = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name },
      spec: { controller },
    };
    await admin.json('/apis/networking.k8s.io/v1/ingressclasses', { method: 'POST', body });
  }
}
