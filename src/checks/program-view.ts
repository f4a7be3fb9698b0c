// A program as checks see it: its servers, grants, sessions and quotas, each with the construct that it is about. It
// is gathered once; what constructs have parsed is not parsed again.
import { ApiObject } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { z } from 'zod';
import { API_VERSION, type Kind, type Resource } from '#api/kind.ts';
import { MCPAccessGrant, type McpAccessGrant } from '#api/mcp-access-grant.ts';
import { MCPAgentSession, type McpAgentSession } from '#api/mcp-agent-session.ts';
import { MCPServer, type McpServer as ServerResource } from '#api/mcp-server.ts';
import { DEFAULT_OPERATOR_CONFIG, type OperatorConfig } from '#api/operator-config.ts';
import { parseResource } from '#api/parse.ts';
import { resolve, type ResolvedServer } from '#api/resolve.ts';
import type { Problem } from '#api/result.ts';
import { AccessGrant } from '#constructs/access/access-grant.ts';
import { AgentSession } from '#constructs/access/agent-session.ts';
import { ControlPlane } from '#constructs/control-plane/control-plane.ts';
import { IngressInstallation } from '#constructs/ingress/ingress-installation.ts';
import { manifestOf, type Manifest } from '#constructs/kit/manifest.ts';
import { McpServer } from '#constructs/server/mcp-server.ts';

export interface Seen<T> {
  /** The construct that a person wrote: `quickstart/notes`. */
  readonly construct: IConstruct;
  readonly resource: T;
}

export interface SeenServer extends Seen<ServerResource> {
  readonly resolved: ResolvedServer;
}

/** A ResourceQuota: the most that a namespace may ask for, by name of the resource. */
export interface SeenQuota {
  readonly construct: IConstruct;
  readonly namespace: string;
  readonly hard: Readonly<Record<string, string | number>>;
}

export interface ProgramView {
  readonly servers: readonly SeenServer[];
  /** The servers by `namespace/name`. */
  readonly serverByKey: ReadonlyMap<string, SeenServer>;
  readonly grants: readonly Seen<McpAccessGrant>[];
  readonly sessions: readonly Seen<McpAgentSession>[];
  readonly quotas: readonly SeenQuota[];
  readonly ingresses: readonly IngressInstallation[];
  /** Objects that are not of our kinds. */
  readonly others: readonly ApiObject[];
  /** Objects of our kinds that the API server would refuse, which no construct of ours made. */
  readonly unreadable: readonly { readonly construct: IConstruct; readonly problems: readonly Problem[] }[];
  /** What the installation of this program decides, else what one decides that configures nothing. */
  readonly config: OperatorConfig;
}

export const keyOf = (namespace: string | undefined, name: string): string =>
  `${namespace ?? 'default'}/${name}`;

/** The server that a grant or a session speaks of. */
export function serverKeyOf({ metadata, spec }: McpAccessGrant | McpAgentSession): string {
  return keyOf(spec.serverRef.namespace ?? metadata.namespace, spec.serverRef.name);
}

const quota = z.object({
  spec: z.object({ hard: z.record(z.string(), z.union([z.string(), z.number()])).default({}) }),
});

function readObject<K extends Kind>(kind: K, object: ApiObject, view: Draft): readonly Seen<Resource<K>>[] {
  const parsed = parseResource(kind, manifestOf(object));
  if (parsed.ok) return [{ construct: object, resource: parsed.value }];
  view.unreadable.push({ construct: object, problems: parsed.error });
  return [];
}

interface Draft {
  readonly servers: Seen<ServerResource>[];
  readonly grants: Seen<McpAccessGrant>[];
  readonly sessions: Seen<McpAgentSession>[];
  readonly quotas: SeenQuota[];
  readonly unreadable: ProgramView['unreadable'][number][];
  readonly others: ApiObject[];
}

function seeOurs(object: ApiObject, view: Draft): void {
  const owner = object.node.scope;
  if (owner instanceof McpServer) view.servers.push({ construct: owner, resource: owner.resource });
  else if (owner instanceof AccessGrant) view.grants.push({ construct: owner, resource: owner.resource });
  else if (owner instanceof AgentSession) view.sessions.push({ construct: owner, resource: owner.resource });
  else if (object.kind === MCPServer.kind) view.servers.push(...readObject(MCPServer, object, view));
  else if (object.kind === MCPAccessGrant.kind) view.grants.push(...readObject(MCPAccessGrant, object, view));
  else if (object.kind === MCPAgentSession.kind) {
    view.sessions.push(...readObject(MCPAgentSession, object, view));
  }
}

function seeQuota(object: ApiObject, { quotas }: Draft): void {
  const manifest: Manifest = manifestOf(object);
  const read = quota.safeParse(manifest);
  const { namespace = 'default' } = manifest.metadata;
  const construct = object.node.scope ?? object;
  if (read.success) quotas.push({ construct, namespace, hard: read.data.spec.hard });
}

/** @param constructs all of an app */
export function viewOf(constructs: readonly IConstruct[]): ProgramView {
  const draft: Draft = { servers: [], grants: [], sessions: [], quotas: [], unreadable: [], others: [] };
  for (const construct of constructs) {
    if (!ApiObject.isApiObject(construct)) continue;
    if (construct.apiVersion === API_VERSION) {
      seeOurs(construct, draft);
      continue;
    }
    draft.others.push(construct);
    if (construct.apiVersion === 'v1' && construct.kind === 'ResourceQuota') seeQuota(construct, draft);
  }
  const config = constructs.find((each) => each instanceof ControlPlane)?.config ?? DEFAULT_OPERATOR_CONFIG;
  const servers = draft.servers.map((seen) => ({ ...seen, resolved: resolve(seen.resource, config) }));
  const serverByKey = new Map(
    servers.map((seen) => [keyOf(seen.resource.metadata.namespace, seen.resource.metadata.name), seen]),
  );
  const ingresses = constructs.filter((each) => each instanceof IngressInstallation);
  return { ...draft, servers, serverByKey, ingresses, config };
}
