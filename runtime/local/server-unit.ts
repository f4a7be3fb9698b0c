// One server of the program as it runs here: the server itself as a child process, and the proxy in front of it. The
// two are apart on purpose: either may crash, or change, and the other stays up.
import { PROXY_NODE_ENV, PROXY_NODE_FLAGS, PROXY_PATHS, type ProxyEnvironment } from '#api/proxy-config.ts';
import { objectKey, type ObjectRef } from '#api/principal.ts';
import { portProblem, portTrouble } from './ports.ts';
import { answersAt, listensOn } from './probe.ts';
import type { ProcessSpec } from './process-trouble.ts';
import type { ProcessStatus, SupervisedProcess } from './supervised-process.ts';
import type { LocalCommand } from './synthesis.ts';
import { basicEnv, superviseIn, userEnv, type Workshop } from './workshop.ts';

/** What the program says about a server, as far as its processes are concerned. */
export interface ServerDescription {
  readonly ref: ObjectRef;
  /** Construct path or program file, for errors. */
  readonly origin: string;
  readonly local: LocalCommand;
  /** Variables of the server's own spec. */
  readonly env: Readonly<Record<string, string>>;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly forwardHeaders: readonly string[];
}

/** What stays the same for a server as long as the platform runs. */
export interface ServerPlace {
  /** Of the proxy: where callers go. */
  readonly port: number;
  readonly portOrigin: string;
  readonly metricsPort: number;
  readonly upstreamPort: number;
  readonly ingestUrl: string;
  readonly ingestKey: string;
}

export interface ServerUnitOptions {
  readonly workshop: Workshop;
  readonly description: ServerDescription;
  readonly place: ServerPlace;
  readonly onStatus: () => void;
}

const idle: ProcessStatus = { phase: 'stopped', restarts: 0 };

export class ServerUnit {
  private readonly options: ServerUnitOptions;
  private description: ServerDescription;
  private server: SupervisedProcess | undefined;
  private proxy: SupervisedProcess | undefined;
  private proxyFailure: ProcessStatus | undefined;

  constructor(options: ServerUnitOptions) {
    this.options = options;
    this.description = options.description;
  }

  get ref(): ObjectRef {
    return this.description.ref;
  }

  get url(): string {
    return `http://127.0.0.1:${this.options.place.port}/mcp`;
  }

  /** Where the proxy answers for health, readiness and the policy it enforces. */
  get managementUrl(): string {
    return `http://127.0.0.1:${this.options.place.metricsPort}`;
  }

  /** Where the server itself listens, for its proxy alone. */
  get upstreamPort(): number {
    return this.options.place.upstreamPort;
  }

  get serverStatus(): ProcessStatus {
    return this.server?.status ?? idle;
  }

  get proxyStatus(): ProcessStatus {
    return this.proxyFailure ?? this.proxy?.status ?? idle;
  }

  async start(): Promise<void> {
    this.startServer();
    await this.startProxy();
  }

  /**
   * Takes over an edited description: restarts what changed and what has failed, and nothing else.
   * @returns what was restarted
   */
  async update(description: ServerDescription): Promise<readonly string[]> {
    const restarted: string[] = [];
    const before = { server: this.serverSpec(), proxy: this.proxySpec() };
    this.description = description;
    if (!isSame(before.server, this.serverSpec()) || this.serverStatus.phase === 'failed') {
      await this.server?.stop();
      this.startServer();
      restarted.push(`server ${objectKey(this.ref)} restarted`);
    }
    if (!isSame(before.proxy, this.proxySpec()) || this.proxyStatus.phase === 'failed') {
      await this.proxy?.stop();
      await this.startProxy();
      restarted.push(`proxy of ${objectKey(this.ref)} restarted`);
    }
    return restarted;
  }

  /** The proxy first, so that no caller meets a server that is going away. */
  async stop(): Promise<void> {
    await this.proxy?.stop();
    await this.server?.stop();
  }

  kill(): void {
    this.proxy?.kill();
    this.server?.kill();
  }

  private startServer(): void {
    const { workshop, place, onStatus } = this.options;
    const spec = this.serverSpec();
    this.server = superviseIn(workshop, {
      spec,
      probe: listensOn(place.upstreamPort),
      logName: `${this.ref.namespace}.${this.ref.name}`,
      onStatus,
    });
    this.server.start();
  }

  private async startProxy(): Promise<void> {
    const { workshop, place, onStatus } = this.options;
    const code = await portProblem(place.port);
    this.proxyFailure =
      code === undefined
        ? undefined
        : {
            phase: 'failed',
            restarts: 0,
            trouble: portTrouble(objectKey(this.ref), place.port, code, place.portOrigin),
          };
    if (this.proxyFailure !== undefined) {
      onStatus();
      return;
    }
    this.proxy = superviseIn(workshop, {
      spec: this.proxySpec(),
      probe: answersAt(this.managementUrl + PROXY_PATHS.health),
      logName: `${this.ref.namespace}.${this.ref.name}.proxy`,
      onStatus,
    });
    this.proxy.start();
  }

  private serverSpec(): ProcessSpec {
    const { local, env, origin, ref } = this.description;
    const { upstreamPort } = this.options.place;
    return {
      name: `The server ${objectKey(ref)}`,
      command: local.command,
      args: local.args ?? [],
      cwd: local.cwd ?? process.cwd(),
      env: { ...userEnv(), ...env, ...local.env, PORT: String(upstreamPort), HOST: '127.0.0.1' },
      origin,
      readiness: `listen on port ${upstreamPort} (its PORT)`,
      readinessRemedy: 'Make it read its port from the environment variable PORT',
    };
  }

  private proxySpec(): ProcessSpec {
    const { ref, allowedHosts, allowedOrigins, forwardHeaders, origin } = this.description;
    const { place, workshop } = this.options;
    const files = workshop.dir.server(ref.namespace, ref.name);
    const env: ProxyEnvironment = {
      PORT: String(place.port),
      BIND_ADDRESS: '127.0.0.1',
      METRICS_PORT: String(place.metricsPort),
      UPSTREAM_URL: `http://127.0.0.1:${place.upstreamPort}`,
      POLICY_FILE: files.policy,
      MCP_SERVER_NAME: ref.name,
      MCP_SERVER_NAMESPACE: ref.namespace,
      MCP_CLUSTER_NAME: 'local',
      EXTERNAL_BASE_URL: `http://127.0.0.1:${place.port}`,
      ALLOWED_HOSTS: allowedHosts.join(','),
      ALLOWED_ORIGINS: allowedOrigins.join(','),
      FORWARD_HEADERS: forwardHeaders.join(','),
      ANALYTICS_INGEST_URL: place.ingestUrl,
      ANALYTICS_API_KEY: place.ingestKey,
      STATE_DIR: files.state,
      INSTANCE: `${ref.name}-local`,
    };
    return {
      name: `The proxy of ${objectKey(ref)}`,
      command: process.execPath,
      args: [...PROXY_NODE_FLAGS, '--enable-source-maps', workshop.programs.proxy],
      cwd: workshop.dir.root,
      env: { ...basicEnv(), ...PROXY_NODE_ENV, ...env, DRAIN_MS: '2000', LOG_LEVEL: 'warn' },
      origin,
      readiness: `answer on ports ${place.port} and ${place.metricsPort}`,
      readinessRemedy: 'See what it says',
    };
  }
}

function isSame(a: ProcessSpec, b: ProcessSpec): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
