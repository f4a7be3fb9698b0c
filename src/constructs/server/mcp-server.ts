// An MCP server as a program describes it: the MCPServer resource, and the grants and sessions that hang from it. Its
// workload is not rendered here; the operator makes it from the resource.
import { MCPServer, type McpServer as McpServerResource } from '#api/mcp-server.ts';
import { AccessGrant, type GrantProps } from '#constructs/access/access-grant.ts';
import { AgentSession, type SessionProps } from '#constructs/access/agent-session.ts';
import type { ServerRef } from '#constructs/access/server-ref.ts';
import {
  addResource,
  checkResource,
  plainCopy,
  type ResourceMetadata,
} from '#constructs/kit/custom-resource.ts';
import { constructPath, InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
import { namespaceOf } from '#constructs/kit/namespace-of.ts';
import { settingsOf } from '#constructs/kit/settings.ts';
import { McpServer as Generated } from '#imports/mcpruntime.org.ts';
import { Construct } from 'constructs';
import { isOff } from './gateway.ts';
import { setLocalCommand } from './local-command.ts';
import type { McpServerProps } from './mcp-server-props.ts';
import type { Route } from './route.ts';
import { serverProblems } from './server-problems.ts';
import { serverSpec } from './server-spec.ts';

/** Annotation that carries the reason for a server without a proxy. */
export const GATEWAY_OFF_REASON = 'mcpruntime.org/gateway-off-reason';

function metadataOf(scope: Construct, id: string, props: McpServerProps): ResourceMetadata {
  const { name = id, labels, gateway = {} } = props;
  const reason = isOff(gateway) ? { [GATEWAY_OFF_REASON]: gateway.off.reason } : undefined;
  const annotations = reason === undefined ? props.annotations : { ...props.annotations, ...reason };
  return { name, namespace: namespaceOf(scope, props.namespace), labels, annotations };
}

/** With the class of the environment, where the program names none. */
function inEnvironment(scope: Construct, props: McpServerProps): McpServerProps {
  const { ingressClass } = settingsOf(scope);
  const { route = {} } = props;
  if (ingressClass === undefined || route.ingressClass !== undefined || route.gateway !== undefined)
    return props;
  return { ...props, route: { ...route, ingressClass } };
}

interface Draft {
  /** As it is rendered. */
  readonly spec: unknown;
  readonly resource: McpServerResource;
}

/** Spec and resource of these props. @throws InvalidConstructError with everything that is wrong */
function draft(path: string, metadata: ResourceMetadata, props: McpServerProps): Draft {
  const spec = serverSpec(metadata.name, props);
  const checked = checkResource(MCPServer, metadata, spec);
  const problems = [...serverProblems(props), ...(checked.ok ? [] : checked.error)];
  if (!checked.ok || problems.length > 0) throw new InvalidConstructError('McpServer', path, problems);
  return { spec: plainCopy(spec), resource: checked.value };
}

export class McpServer extends Construct implements ServerRef {
  readonly serverName: string;
  readonly serverNamespace: string;
  readonly #metadata: ResourceMetadata;
  #props: McpServerProps;
  #draft: Draft;

  /** @throws InvalidConstructError with everything that is wrong */
  constructor(scope: Construct, id: string, props: McpServerProps) {
    const metadata = metadataOf(scope, id, props);
    const first = draft(constructPath(scope, id), metadata, inEnvironment(scope, props));
    super(scope, id);
    this.#metadata = metadata;
    this.#props = props;
    this.#draft = first;
    this.serverName = metadata.name;
    this.serverNamespace = metadata.namespace ?? '';
    addResource(this, Generated.GVK, metadata, () => this.#draft.spec);
    if (props.local !== undefined) setLocalCommand(this, props.local);
  }

  /** The object as the API server would store it, defaults filled in. */
  get resource(): McpServerResource {
    return this.#draft.resource;
  }

  get declaredTools(): readonly string[] {
    return (this.#draft.resource.spec.tools ?? []).map(({ name }) => name);
  }

  /** Gives a subject a standing permission. @throws InvalidConstructError */
  grant(id: string, props: GrantProps): AccessGrant {
    return new AccessGrant(this.#group('grants'), id, { ...props, server: this });
  }

  /** Records a subject's consent. Callers present the id as their session. @throws InvalidConstructError */
  session(id: string, props: SessionProps): AgentSession {
    return new AgentSession(this.#group('sessions'), id, { ...props, server: this });
  }

  /** Opens a way in from outside the cluster; what it leaves out stays as it was. @throws InvalidConstructError */
  expose(route: Route): this {
    const props = { ...this.#props, route: { ...this.#props.route, ...route } };
    this.#draft = draft(this.node.path, this.#metadata, inEnvironment(this, props));
    this.#props = props;
    return this;
  }

  /** Grants and sessions have names of their own, so that one of each may be called the same. */
  #group(id: string): Construct {
    const existing = this.node.tryFindChild(id);
    return existing instanceof Construct ? existing : new Construct(this, id);
  }
}
