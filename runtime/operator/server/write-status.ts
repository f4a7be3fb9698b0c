// Writes the status of a server, where it says something new, and tells the story of it. Nothing else writes it.
import { API_VERSION } from '#api/kind.ts';
import { MCPServer, type McpServerStatus } from '#api/mcp-server.ts';
import type { Permission } from '#api/permission.ts';
import { isKubeError, type Kube } from '#runtime/kube/kube.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { SERVER } from '#runtime/policy-book/kinds.ts';
import type { LiveObjects } from './live-objects.ts';
import type { ServerStory } from './server-story.ts';
import { isSameStatus } from './status/server-status.ts';
import { previousStatus } from './status/written-status.ts';

export const PERMISSIONS: readonly Permission[] = [
  {
    group: SERVER.group,
    resource: `${SERVER.resource}/status`,
    verbs: ['update'],
    reason: 'What was found is reported where its author looks.',
  },
];

export interface StatusOutlet {
  readonly kube: Kube;
  readonly caches: { readonly live: LiveObjects };
  readonly story: ServerStory;
}

/** @returns `behind` where the object has changed meanwhile and has to be looked at again */
export async function writeServerStatus(
  { kube, caches, story }: StatusOutlet,
  raw: KubeObject,
  status: McpServerStatus,
  signal: AbortSignal,
): Promise<'written' | 'behind'> {
  const before = previousStatus(raw);
  if (before !== undefined && isSameStatus(before, status)) return 'written';
  try {
    const object = {
      apiVersion: API_VERSION,
      kind: MCPServer.kind,
      metadata: raw.metadata,
      spec: raw['spec'],
      status,
    };
    caches.live.wrote(SERVER, await kube.replaceStatus(SERVER, object, signal));
  } catch (error) {
    if (isKubeError(error, 'not_found')) return 'written';
    if (isKubeError(error, 'conflict')) return 'behind';
    throw error;
  }
  story.told(raw, before, status);
  return 'written';
}
