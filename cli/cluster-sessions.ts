// Sessions of a cluster, for whoever has a kubeconfig. What is written is the one field, under a field manager of its
// own, so that neither Git nor a program that applies the session again takes it back.
import { FIELD_MANAGERS } from '#api/names.ts';
import { MCPAgentSession, type McpAgentSession } from '#api/mcp-agent-session.ts';
import { parseResource } from '#api/parse.ts';
import { KubeClient } from '#runtime/kube/kube-client.ts';
import { isKubeError } from '#runtime/kube/kube.ts';
import { loadKubeConfig } from '#runtime/kube/kubeconfig.ts';
import { textAt } from '#runtime/kube/json-path.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { TroubleError } from '#runtime/local/trouble.ts';
import { SESSION } from '#runtime/policy-book/kinds.ts';
import { findNamed } from './connection.ts';

export interface ClusterOption {
  readonly cluster?: true | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
}

export interface ClusterSession {
  readonly namespace: string;
  readonly name: string;
  /** As the operator says: Active, Revoked, Expired, …; `Unknown` before it has looked. */
  readonly phase: string;
  /** Undefined where the object can't be read by today's rules. */
  readonly spec: McpAgentSession['spec'] | undefined;
}

export function isCluster({ cluster, context, namespace }: ClusterOption): boolean {
  return cluster === true || context !== undefined || namespace !== undefined;
}

function sessionOf(object: KubeObject): ClusterSession {
  const read = parseResource(MCPAgentSession, object);
  return {
    namespace: object.metadata.namespace ?? '',
    name: object.metadata.name,
    phase: textAt(object, 'status', 'phase') ?? 'Unknown',
    spec: read.ok ? read.value.spec : undefined,
  };
}

export class ClusterSessions {
  private readonly kube: KubeClient;
  private readonly namespace: string | undefined;
  private readonly where: string;

  private constructor(kube: KubeClient, where: string, namespace: string | undefined) {
    this.kube = kube;
    this.where = where;
    this.namespace = namespace;
  }

  /** Of the kubeconfig's current context, or of the one that is named. @throws KubeConfigError */
  static async open({ context, namespace }: ClusterOption): Promise<ClusterSessions> {
    const connection = await loadKubeConfig({ env: process.env, context });
    const kube = new KubeClient(connection, { userAgent: FIELD_MANAGERS.cli });
    return new ClusterSessions(kube, connection.server.origin, namespace);
  }

  /** In the namespace that was named, else in all of them. @throws KubeError */
  async list(): Promise<readonly ClusterSession[]> {
    return (await this.kube.list(SESSION, { namespace: this.namespace })).map(sessionOf);
  }

  /** Ends a session for good. @throws TroubleError where there is none of the name, or where it may not be */
  async revoke(name: string): Promise<ClusterSession> {
    const slash = name.indexOf('/');
    const namespace = slash === -1 ? this.namespace : name.slice(0, slash);
    const session =
      namespace === undefined
        ? findNamed('session', name, await this.list())
        : { namespace, name: name.slice(slash + 1) };
    try {
      const patch = {
        type: 'merge',
        body: { spec: { revoked: true } },
        manager: FIELD_MANAGERS.cli,
      } as const;
      return sessionOf(await this.kube.patch(SESSION, session, patch));
    } catch (error) {
      if (!isKubeError(error, 'not_found')) throw error;
      throw new TroubleError({
        code: 'session_unknown',
        what: `There is no session ${session.name} in namespace ${session.namespace}.`,
        where: this.where,
        remedy: 'List them with: mcp-runtime session list --cluster',
      });
    }
  }

  async close(): Promise<void> {
    await this.kube.close();
  }
}
