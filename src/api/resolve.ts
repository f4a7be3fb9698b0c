// What follows from a server's spec and the configuration of the installation. Spec belongs to its author and is
// never completed in the cluster, so constructs, operator, local platform and doctor all ask here.
import { resolveImage } from './image.ts';
import type { McpServer, McpServerSpec } from './mcp-server.ts';
import type { OperatorConfig } from './operator-config.ts';
import { resolveGateway, type ResolvedGateway } from './resolve-gateway.ts';
import { resolveResources, type ResolvedResources } from './resolve-resources.ts';
import { resolveRoute, type ResolvedRoute } from './resolve-route.ts';
import type { Problem } from './result.ts';

/** Number of pods, or a percentage of them such as `25%`. */
export type IntOrPercent = number | string;

export interface ResolvedRollout {
  readonly strategy: 'RollingUpdate' | 'Recreate' | 'Canary';
  readonly maxUnavailable: IntOrPercent;
  readonly maxSurge: IntOrPercent;
  /** Pods of the canary Deployment; 0: there is none. */
  readonly canaryReplicas: number;
}

export interface ResolvedServer {
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  /** Names of pull secrets. */
  readonly pullSecrets: readonly string[];
  readonly serviceAccount: string;
  /** Pods of the main Deployment; absent: left to an autoscaler, or to Kubernetes' default of 1. */
  readonly replicas?: number | undefined;
  readonly suspended: boolean;
  readonly rollout: ResolvedRollout;
  readonly resources: ResolvedResources;
  /** Port of the server in the pod, and of the Service. */
  readonly port: number;
  readonly servicePort: number;
  readonly route: ResolvedRoute;
  /** Everything that exists only with the gateway on. */
  readonly gateway?: ResolvedGateway | undefined;
  /** What the server needs and neither its author nor the installation provides. */
  readonly problems: readonly Problem[];
}

function intOrPercent(text: string): IntOrPercent {
  return text.endsWith('%') ? text : Number(text);
}

function resolveRollout({ rollout, suspend }: McpServerSpec): ResolvedRollout {
  const strategy = rollout?.strategy ?? 'RollingUpdate';
  return {
    strategy,
    maxUnavailable: intOrPercent(rollout?.maxUnavailable ?? '25%'),
    maxSurge: intOrPercent(rollout?.maxSurge ?? '25%'),
    canaryReplicas: strategy === 'Canary' && suspend !== true ? (rollout?.canaryReplicas ?? 0) : 0,
  };
}

function mainReplicas(spec: McpServerSpec, canaryReplicas: number): number | undefined {
  if (spec.suspend === true) return 0;
  return spec.replicas === undefined ? undefined : Math.max(0, spec.replicas - canaryReplicas);
}

function pullSecretsOf(spec: McpServerSpec, config: OperatorConfig): readonly string[] {
  const named = (spec.imagePullSecrets ?? []).filter((name) => name.trim() !== '');
  if (named.length > 0) return named;
  return config.provisionedPullSecret === undefined ? [] : [config.provisionedPullSecret];
}

/**
 * Derives what a server runs as. Pure: equal input gives equal output, whoever asks.
 * @param server a parsed server; without a namespace it counts as in `default`
 */
export function resolve(server: McpServer, config: OperatorConfig): ResolvedServer {
  const { spec } = server;
  const { name, namespace = 'default' } = server.metadata;
  const route = resolveRoute(name, spec, config);
  const rollout = resolveRollout(spec);
  const gateway = resolveGateway({ name, namespace, spec, route, config });
  const template = spec.podTemplate?.spec;
  return {
    name,
    namespace,
    image: resolveImage(spec, config),
    pullSecrets: pullSecretsOf(spec, config),
    serviceAccount: template?.serviceAccountName ?? name,
    replicas: mainReplicas(spec, rollout.canaryReplicas),
    suspended: spec.suspend === true,
    rollout,
    resources: resolveResources(template?.containers?.[0]?.resources, spec.resources),
    port: spec.port,
    servicePort: spec.servicePort,
    route,
    gateway: gateway?.gateway,
    problems: gateway?.problems ?? [],
  };
}
