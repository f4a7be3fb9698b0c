// The kinds that policy is made of, and those that say who speaks for a server.
import { API_GROUP } from '#api/kind.ts';
import { MCPAccessGrant } from '#api/mcp-access-grant.ts';
import { MCPAgentSession } from '#api/mcp-agent-session.ts';
import { MCPServer } from '#api/mcp-server.ts';
import type { ResourceType } from '#runtime/kube/object.ts';

export const namespaced = (group: string, version: string, kind: string, resource: string): ResourceType => ({
  group,
  version,
  kind,
  resource,
  namespaced: true,
});

export const clusterWide = (
  group: string,
  version: string,
  kind: string,
  resource: string,
): ResourceType => ({
  ...namespaced(group, version, kind, resource),
  namespaced: false,
});

const own = ({ kind, plural }: { readonly kind: string; readonly plural: string }): ResourceType =>
  namespaced(API_GROUP, 'v1alpha1', kind, plural);

export const SERVER = own(MCPServer);
export const GRANT = own(MCPAccessGrant);
export const SESSION = own(MCPAgentSession);

export const CONFIG_MAP = namespaced('', 'v1', 'ConfigMap', 'configmaps');
export const POD = namespaced('', 'v1', 'Pod', 'pods');
export const SECRET = namespaced('', 'v1', 'Secret', 'secrets');
