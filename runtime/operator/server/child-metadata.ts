// Metadata of what the operator itself makes for a server, beside the children that are rendered.
import { API_VERSION } from '#api/kind.ts';
import { serverLabels } from '#api/labels.ts';
import { MCPServer } from '#api/mcp-server.ts';
import type { ObjectMeta } from '#runtime/kube/object.ts';

export interface Owner {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string | undefined;
    readonly uid?: string | undefined;
  };
}

/** In the server's namespace, with the labels of everything made for it, and gone when it is. */
export function childMetadata({ metadata }: Owner, name: string): ObjectMeta {
  const { name: server, namespace, uid = '' } = metadata;
  return {
    name,
    ...(namespace !== undefined && { namespace }),
    labels: serverLabels(server),
    ownerReferences: [
      {
        apiVersion: API_VERSION,
        kind: MCPServer.kind,
        name: server,
        uid,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  };
}
