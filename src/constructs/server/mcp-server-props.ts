// What a program says about a server, in words of the domain. Blocks whose words are already those of the resource
// (policy, rollout, network, …) are taken as they are.
import type { McpServerSpecInput } from '#api/mcp-server.ts';
import type { DeepReadonly } from '#constructs/kit/deep-readonly.ts';
import type { Auth } from './auth.ts';
import type { Gateway } from './gateway.ts';
import type { LocalCommand } from './local-command.ts';
import type { Route } from './route.ts';
import type { Tool } from './tool.ts';

type Spec = DeepReadonly<McpServerSpecInput>;

export interface SessionPolicy {
  /** Whether a call must present a session. @default true */
  readonly required?: boolean;
  /** Longest life of a session, from its creation. @default 24h */
  readonly maxLifetime?: string;
  /** A session ends when it was not used for so long. @default 1h */
  readonly idleTimeout?: string;
  /** Header that carries a session's upstream token to the server. @default Authorization */
  readonly upstreamTokenHeader?: string;
}

export interface McpServerProps {
  /** Image of the server, with a tag or a digest. */
  readonly image: string;
  /** How callers say who they are. There is no default: `Auth.header()`, `.oauth()`, `.mtls()` or `.none()`. */
  readonly auth: Auth;
  /** Tools that may be called; every other one can't. @default none */
  readonly tools?: readonly Tool[];
  readonly description?: string;
  /** Id of the team that owns the server. */
  readonly team?: string;
  /** The policy proxy. @default on, with the public prefix stripped */
  readonly gateway?: Gateway;
  /** Rules for sessions. @default every call presents one */
  readonly session?: SessionPolicy;
  /** How decisions are made. @default allow-list, and deny where no grant speaks */
  readonly policy?: Spec['policy'];
  /** The way in; the same as calling `expose`. @default `/<name>/mcp` on the operator's default host */
  readonly route?: Route;
  /** Port that the server listens on. @default 8088 */
  readonly port?: number;
  /** Port of the Service. @default 80 */
  readonly servicePort?: number;
  /** Pods. @default not said, which is one, or what an autoscaler decides */
  readonly replicas?: number;
  /** Resources of the server. @default requests 50m and 64Mi, limits 500m and 256Mi */
  readonly resources?: Spec['resources'];
  /** Environment of the server. Never put a secret here: it ends up in Git. */
  readonly env?: Readonly<Record<string, string>>;
  /** Environment whose values are in Secrets of the server's namespace. */
  readonly secretEnv?: Readonly<Record<string, { readonly secret: string; readonly key: string }>>;
  /** Names of pull secrets. */
  readonly imagePullSecrets?: readonly string[];
  /** Whether the image comes from the platform's registry. @default false */
  readonly useProvisionedRegistry?: boolean;
  /** Prompts, resources and tasks of the server, for inventories; not enforced. */
  readonly prompts?: Spec['prompts'];
  readonly mcpResources?: Spec['mcpResources'];
  readonly tasks?: Spec['tasks'];
  /** Recording of what the proxy decides. @default on */
  readonly analytics?: Spec['analytics'];
  /** How surely decisions are recorded, and what of them. @default surely where a tool destroys, and everything but arguments */
  readonly audit?: Spec['audit'];
  /** How changes go out, and what becomes of a canary. @default a quarter of the pods at a time */
  readonly rollout?: Spec['rollout'];
  /** Number of pods by their load, instead of `replicas`. @default none */
  readonly autoscaling?: Spec['autoscaling'];
  /** How many of several pods may be missing while nodes are drained. @default one */
  readonly disruption?: Spec['disruption'];
  /** Whether pods spread over zones and nodes. @default Preferred */
  readonly topologySpread?: Spec['topologySpread'];
  readonly network?: Spec['network'];
  readonly access?: Spec['access'];
  readonly podTemplate?: Spec['podTemplate'];
  /** Scales the server to zero. @default false */
  readonly suspend?: boolean;
  /** How the local platform starts the server; never rendered. @default the local platform leaves it out */
  readonly local?: LocalCommand;
  /** Name of the object. @default the id of the construct */
  readonly name?: string;
  /** Namespace of the object. @default that of the stack */
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
