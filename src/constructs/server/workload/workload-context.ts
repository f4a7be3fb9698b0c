// What every child of a server is made from. It is gathered once, so that no child looks anything up by itself.
import { API_VERSION } from '#api/kind.ts';
import { serverLabels } from '#api/labels.ts';
import { MCPServer, type McpServer } from '#api/mcp-server.ts';
import { serverObjectNames, type ServerObjectNames } from '#api/names.ts';
import type { OperatorConfig } from '#api/operator-config.ts';
import { resolve, type ResolvedServer } from '#api/resolve.ts';
import type { ObjectMeta } from '#constructs/kit/kubernetes.ts';

export interface WorkloadContext {
  readonly server: McpServer;
  readonly resolved: ResolvedServer;
  readonly config: OperatorConfig;
  readonly names: ServerObjectNames;
}

export function workloadContext(server: McpServer, config: OperatorConfig): WorkloadContext {
  return {
    server,
    config,
    resolved: resolve(server, config),
    names: serverObjectNames(server.metadata.name),
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
    annotations,
    ownerReferences: ownerReferences(server),
  };
}
