// From the words of a program to the spec of an MCPServer. What is safer than the defaults of the resource is written
// out: the proxy runs, a session is required, and the public prefix is stripped. Members that are undefined say
// nothing; rendering leaves them out.
import type { McpServerSpecInput } from '#api/mcp-server.ts';
import type { DeepReadonly } from '#constructs/kit/deep-readonly.ts';
import { isOff, type Gateway } from './gateway.ts';
import type { McpServerProps } from './mcp-server-props.ts';
import { toolSpec } from './tool.ts';

type Spec = DeepReadonly<McpServerSpecInput>;

/** `/notes`, however many slashes the author put around it. */
function prefixPath(prefix: string): string {
  return `/${prefix.replace(/^\/+|\/+$/g, '')}`;
}

function gatewaySpec(gateway: Gateway, prefix: string): Spec['gateway'] {
  if (isOff(gateway)) return { enabled: false };
  return { ...gateway, enabled: true, stripPrefix: gateway.stripPrefix ?? prefixPath(prefix) };
}

function sessionSpec({ gateway = {}, session = {} }: McpServerProps): Spec['session'] {
  // Without a proxy nobody asks for a session, so the manifest doesn't claim it.
  return isOff(gateway) ? undefined : { ...session, required: session.required ?? true };
}

function analyticsSpec({ gateway = {}, analytics }: McpServerProps): Spec['analytics'] {
  // The resource records nothing unless asked; a program has to say so if that is what it wants.
  return analytics ?? (isOff(gateway) ? undefined : { enabled: true });
}

/** A list of named entries from an object, in the order of the program; undefined where it is empty. */
function listOf<Value, Item>(
  entries: Readonly<Record<string, Value>> | undefined,
  item: (name: string, value: Value) => Item,
): readonly Item[] | undefined {
  const items = Object.entries(entries ?? {}).map(([name, value]) => item(name, value));
  return items.length === 0 ? undefined : items;
}

/** The spec of a server named `name`. */
export function serverSpec(name: string, props: McpServerProps): Spec {
  const { route = {}, gateway = {} } = props;
  return {
    description: props.description,
    teamID: props.team,
    image: props.image,
    imagePullSecrets: props.imagePullSecrets,
    useProvisionedRegistry: props.useProvisionedRegistry,
    replicas: props.replicas,
    port: props.port,
    servicePort: props.servicePort,
    resources: props.resources,
    envVars: listOf(props.env, (variable, value) => ({ name: variable, value })),
    secretEnvVars: listOf(props.secretEnv, (variable, { secret, key }) => ({
      name: variable,
      secretKeyRef: { name: secret, key },
    })),
    ingressHost: route.host,
    publicPathPrefix: route.prefix,
    ingressClass: route.ingressClass ?? (route.gateway && 'gateway'),
    gatewayRef: route.gateway,
    ingressTLS: route.tls,
    ingressAnnotations: route.annotations,
    externalURL: route.externalUrl,
    tools: props.tools?.map(toolSpec),
    prompts: props.prompts,
    mcpResources: props.mcpResources,
    tasks: props.tasks,
    auth: props.auth,
    policy: props.policy,
    session: sessionSpec(props),
    access: props.access,
    gateway: gatewaySpec(gateway, route.prefix ?? name),
    analytics: analyticsSpec(props),
    audit: props.audit,
    rollout: props.rollout,
    autoscaling: props.autoscaling,
    disruption: props.disruption,
    topologySpread: props.topologySpread,
    network: props.network,
    podTemplate: props.podTemplate,
    suspend: props.suspend,
  };
}
