// What every child of a server is made from. It is gathered once, so that no child looks anything up by itself.
import { API_VERSION } from '#api/kind.ts';
import { serverLabels } from '#api/labels.ts';
import { MCPServer, type McpServer } from '#api/mcp-server.ts';
import { serverObjectNames, type ServerObjectNames } from '#api/names.ts';
import type { OperatorConfig } from '#api/operator-config.ts';
import { resolve, type ResolvedServer } from '#api/resolve.ts';
import type { ObjectMeta } from '#constructs/kit/kubernetes.ts';
import { ingressStrategyOf, type IngressStrategyName } from './ingress-strategies.ts';

/** A server, its installation, and what only the cluster knows of both. */
export interface WorkloadInput {
  /** The server as the API server stores it. With a uid, it owns the children. */
  readonly server: McpServer;
  readonly config: OperatorConfig;
  /** Pull secrets of the namespace's `mcp-workload` account; used where neither server nor installation names any. */
  readonly inheritedPullSecrets?: readonly string[] | undefined;
  /** `spec.controller` of the cluster's IngressClass of the server; it decides where the name says nothing. */
  readonly ingressController?: string | undefined;
  /**
   * Image of the proxy in force for this server: while a new one goes out in waves, it may be an older one. An image
   * that the author names is not changed by it. @default that of the installation
   */
  readonly proxyImage?: string | undefined;
}

export interface WorkloadContext {
  readonly server: McpServer;
  readonly resolved: ResolvedServer;
  readonly config: OperatorConfig;
  readonly names: ServerObjectNames;
  readonly ingressStrategy: IngressStrategyName;
}

export function workloadContext(input: WorkloadInput): WorkloadContext {
  const { server, inheritedPullSecrets = [], ingressController, proxyImage } = input;
  const config = { ...input.config, gatewayImage: proxyImage ?? input.config.gatewayImage };
  const resolved = resolve(server, config);
  const pullSecrets =
    resolved.pullSecrets.length > 0 ? resolved.pullSecrets : [...new Set(inheritedPullSecrets)];
  return {
    server,
    config,
    resolved: { ...resolved, pullSecrets },
    names: serverObjectNames(server.metadata.name),
    ingressStrategy: ingressStrategyOf(resolved.route.ingressClass, ingressController),
  };
}

/** The server as owner of a child; absent where it isn't in a cluster yet and so has no uid. */
function ownerReferences({ metadata }: McpServer): ObjectMeta['ownerReferences'] {
  if (metadata.uid === undefined) return undefined;
  return [
    {
      apiVersion: API_VERSION,
      kind: MCPServer.kind,
      name: metadata.name,
      uid: metadata.uid,
      controller: true,
      blockOwnerDeletion: true,
    },
  ];
}

/** Metadata of a child: the server's namespace, the labels of everything made for it, and its owner. */
export function childMetadata(
  { server, resolved }: WorkloadContext,
  name: string,
  { labels = {}, annotations }: Pick<ObjectMeta, 'labels' | 'annotations'> = {},
): ObjectMeta {
  return {
    name,
    namespace: resolved.namespace,
    labels: { ...serverLabels(resolved.name), ...labels },
    annotations: Object.keys(annotations ?? {}).length === 0 ? undefined : annotations,
    ownerReferences: ownerReferences(server),
  };
}
