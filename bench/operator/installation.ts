// A control plane with our kinds, roles and policies, and one operator that can be started and stopped: what a cluster
// is right after the platform was installed.
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { NAMESPACES } from '#api/names.ts';
import { OPERATOR } from '#constructs/control-plane/names.ts';
import { bundleProgram } from '#scripts/bundle.ts';
import { install, installDefinitions } from '#scripts/cluster/installer.ts';
import { Operators } from '#scripts/cluster/operators.ts';
import type { ApiClient } from '#scripts/engines/api-client.ts';
import { ControlPlane } from '#scripts/engines/control-plane.ts';
import { ADMIN } from '#scripts/engines/control-plane-files.ts';
import { findEngines } from '#scripts/engines/find-engines.ts';
import { NEWEST_MINOR } from '#scripts/engines/versions.ts';
import { AuditLog } from '#scripts/cluster/audit-log.ts';
import type { BenchContext } from '../context.ts';

/** Controllers of Kubernetes may ask this often, so that they are not what is measured. */
const CONTROLLER_QPS = 1_000;

export class Installation {
  readonly admin: ApiClient;
  readonly audit: AuditLog;
  private readonly plane: ControlPlane;
  private readonly launch: () => Promise<Operators>;
  private operators: Operators | undefined;

  static async start({ folder, env, say }: BenchContext): Promise<Installation> {
    const engines = await findEngines(NEWEST_MINOR, { env, say });
    const program = await bundleProgram('runtime/operator/main.ts', '.build/programs/operator.mjs');
    const plane = await ControlPlane.start({
      engines,
      folder: mkdtempSync(path.join(folder, 'cluster-')),
      clientQps: CONTROLLER_QPS,
      beforeControllers: (young) => installDefinitions(young, []),
    });
    try {
      const image = 'registry.example.org/mcp-runtime/operator:1.0.0';
      const distributor = { off: { reason: 'it is measured on its own' } };
      const config = {
        gatewayImage: 'registry.example.org/mcp-runtime/proxy:1.0.0',
        ingestUrl: 'http://mcp-sentinel-ingest.mcp-sentinel.svc.cluster.local:8081/events',
      };
      const { operatorEnv, operatorKubeconfig } = await install(plane, { image, distributor, config });
      return new Installation(plane, () =>
        Operators.start({
          supervisor: plane.supervisor,
          program,
          kubeconfig: operatorKubeconfig,
          namespace: NAMESPACES.platform,
          env: { ...operatorEnv, LOG_LEVEL: 'warn' },
          replicas: 1,
          // As in an image: no source maps, which cost eighty megabytes once an error is printed.
          nodeFlags: [],
        }),
      );
    } catch (error) {
      await plane.stop();
      throw error;
    }
  }

  private constructor(plane: ControlPlane, launch: () => Promise<Operators>) {
    this.plane = plane;
    this.launch = launch;
    this.admin = plane.clientOf(ADMIN.name);
    this.audit = new AuditLog(plane.auditLog);
  }

  /** User name of the operator in the audit log. */
  get operatorUser(): string {
    return `system:serviceaccount:${NAMESPACES.platform}:${OPERATOR.serviceAccount}`;
  }

  get operatorPid(): number {
    const pid = this.operators?.list()[0]?.pid;
    if (pid === undefined) throw new Error('the operator does not run');
    return pid;
  }

  async startOperator(): Promise<void> {
    this.operators = await this.launch();
  }

  async stopOperator(): Promise<void> {
    await this.operators?.stop(0);
  }

  /** The operator's own numbers, as Prometheus reads them. */
  async metrics(): Promise<string> {
    const url = this.operators?.list()[0]?.metricsUrl;
    if (url === undefined) throw new Error('the operator does not run');
    return await (await fetch(url)).text();
  }

  async stop(): Promise<void> {
    await this.admin.close();
    await this.plane.stop();
  }
}
