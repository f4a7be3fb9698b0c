// What follows from a server's spec and the configuration of the installation. Spec belongs to its author and is
// never completed in the cluster, so constructs, operator, local platform and doctor all ask here.
import { resolveImage } from './image.ts';
import type { McpServer, McpServerSpec } from './mcp-server.ts';
import { serverObjectNames } from './names.ts';
import type { OperatorConfig } from './operator-config.ts';
import { resolveGateway, type ResolvedGateway } from './resolve-gateway.ts';
import { resolveResources, type ResolvedResources } from './resolve-resources.ts';
import { resolveRollout, rolloutProblems, type ResolvedRollout } from './resolve-rollout.ts';
import { resolveRoute, routeProblems, type ResolvedRoute } from './resolve-route.ts';
import { resolveScaling, type ResolvedScaling } from './resolve-scaling.ts';
import type { Problem } from './result.ts';

export type { IntOrPercent, ResolvedRollout } from './resolve-rollout.ts';

export interface ResolvedServer extends ResolvedScaling {
  readonly name: string;
  readonly namespace: string;
  readonly image: string;
  /** Names of pull secrets. */
  readonly pullSecrets: readonly string[];
  readonly serviceAccount: string;
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

function pullSecretsOf(spec: McpServerSpec, config: OperatorConfig): readonly string[] {
  const named = [...new Set((spec.imagePullSecrets ?? []).filter((name) => name.trim() !== ''))];
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
  const route = resolveRoute({ name, namespace }, spec, config);
  const rollout = resolveRollout(spec, route);
  const gateway = resolveGateway({ name, namespace, spec, route, config });
  const template = spec.podTemplate?.spec;
  return {
    name,
    namespace,
    image: resolveImage(spec, config),
    pullSecrets: pullSecretsOf(spec, config),
    serviceAccount: template?.serviceAccountName ?? serverObjectNames(name).serviceAccount,
    ...resolveScaling(spec, rollout.canaryReplicas),
    suspended: spec.suspend === true,
    rollout,
    resources: resolveResources(template?.containers?.[0]?.resources, spec.resources),
    port: spec.port,
    servicePort: spec.servicePort,
    route,
    gateway: gateway?.gateway,
    problems: [
      ...rolloutProblems(name, rollout),
      ...routeProblems(spec, route),
      ...(gateway?.problems ?? []),
    ],
  };
}
