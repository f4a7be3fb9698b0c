// Spec of MCPServer: every field, its default and what it means. Constant defaults are here and frozen within the
// version; what depends on the name or on the operator's configuration is derived by `resolve`.
import { z } from 'zod';
import { REDACTABLE_FIELDS } from './audit-event.ts';
import { podTemplate } from './pod-template.ts';
import {
  dnsLabel,
  dnsSubdomain,
  duration,
  headerName,
  httpUrl,
  intOrPercent,
  listMap,
  listSet,
  port,
  rate,
  resources,
  secretKeyRef,
  teamId,
  text,
  textMap,
  trust,
} from './schema.ts';
import { RISK_LEVELS, SIDE_EFFECTS } from './side-effect.ts';

const labels = textMap(1024).optional().describe('Labels for people and inventories.');

const tool = z.object({
  name: z.string().min(1).max(128).describe('Name of the tool, as the server offers it.'),
  description: text(4096).optional().describe('What the tool does.'),
  requiredTrust: trust.default('low').describe('Trust a caller needs.'),
  sideEffect: z
    .enum(SIDE_EFFECTS)
    .optional()
    .describe('What the tool does to the world. A tool without one cannot be called.'),
  riskLevel: z.enum(RISK_LEVELS).optional().describe('Shown to reviewers; it decides nothing.'),
  rate: rate.optional().describe('How often one caller may call the tool, at each proxy; default: no limit.'),
  labels,
});

const inventoryItem = z.object({
  name: z.string().min(1).max(1024).describe('Name, as the server offers it.'),
  description: text(4096).optional().describe('What it is.'),
  labels,
});

const inventory = (what: string) =>
  listMap(inventoryItem, 'name', 512)
    .optional()
    .describe(`${what} of the server, for inventories; not enforced.`);

const auth = z.object({
  mode: z
    .enum(['none', 'header', 'oauth', 'mtls'])
    .default('header')
    .describe(
      'How callers say who they are. none: nobody is identified. header: trusted headers, which anybody who reaches the port can set. oauth: bearer tokens. mtls: client certificates.',
    ),
  humanIDHeader: headerName.default('X-MCP-Human-ID').describe('Header of the human, mode header.'),
  agentIDHeader: headerName.default('X-MCP-Agent-ID').describe('Header of the agent, mode header.'),
  teamIDHeader: headerName.default('X-MCP-Team-ID').describe('Header of the team, mode header.'),
  sessionIDHeader: headerName
    .default('X-MCP-Agent-Session')
    .describe('Header of the session: name, or namespace/name.'),
  tokenHeader: headerName.default('Authorization').describe('Header of the token, mode oauth.'),
  issuerURL: z
    .string()
    .max(2048)
    .regex(/^$|^https?:\/\/[^\x00-\x20\x7f-\xa0/]+/, 'must be an http or https URL')
    .optional()
    .describe('Issuer of the tokens, mode oauth.'),
  audience: text(2048).optional().describe('Audience that tokens must carry; default: externalURL.'),
  trustDomain: z
    .string()
    .max(255)
    .regex(/^$|^[a-z0-9][a-z0-9._-]*$/, "must be lower-case letters, digits, '.', '_' and '-'")
    .optional()
    .describe('SPIFFE trust domain of the clients, mode mtls.'),
  claims: z
    .object({
      human: text(256).default('sub').describe('Claim of the human.'),
      agent: text(256).optional().describe('Claim of the agent; default: azp, else client_id.'),
      teams: text(256).optional().describe('Claim of the teams, a string or a list; default: none.'),
    })
    .optional()
    .describe('Which claims of a token name the caller.'),
});

const policy = z.object({
  mode: z
    .enum(['allow-list', 'observe'])
    .default('allow-list')
    .describe('allow-list: enforce. observe: let everything pass and record what would have been denied.'),
  defaultDecision: z
    .enum(['allow', 'deny'])
    .default('deny')
    .describe(
      'For callers that no grant speaks of. allow never covers destructive tools or unknown side effects.',
    ),
  enforceOn: text(64)
    .default('call_tool')
    .describe('Accepted for older manifests; every method is governed.'),
  policyVersion: text(64).default('v1').describe('Label carried into audit.'),
  maxStaleness: duration
    .default('24h')
    .describe('How old the last good policy may be before everything is denied.'),
  subjectRate: rate
    .optional()
    .describe("How many requests one caller may send, at each proxy; default: the proxy's own limit."),
});

const session = z.object({
  required: z.boolean().default(false).describe('Whether a call must present a session.'),
  store: text(64)
    .default('kubernetes')
    .describe('Accepted for older manifests; sessions are MCPAgentSessions.'),
  headerName: headerName
    .default('X-MCP-Agent-Session')
    .describe('Accepted for older manifests; auth.sessionIDHeader is read.'),
  maxLifetime: duration.default('24h').describe('Longest life of a session, from its creation.'),
  idleTimeout: duration.default('1h').describe('A session ends when it was not used for so long.'),
  upstreamTokenHeader: headerName
    .default('Authorization')
    .describe('Header that carries a credential to the server.'),
});

const gateway = z.object({
  enabled: z.boolean().default(false).describe('Whether the policy proxy runs in front of the server.'),
  image: text(1024).optional().describe("Image of the proxy; default: the operator's."),
  port: port.default(8091).describe('Port of the proxy in the pod.'),
  upstreamURL: httpUrl
    .optional()
    .describe('Where the proxy finds the server; default: http://127.0.0.1:<port>.'),
  stripPrefix: text(1024).optional().describe('Path prefix removed before forwarding.'),
  resources: resources.optional().describe('Resources of the proxy.'),
  allowedHosts: listSet(text(255), 64)
    .optional()
    .describe(
      'Host names accepted besides the ingress host, the Service and loopback; *.example.org covers one label.',
    ),
  allowedOrigins: listSet(text(255), 64)
    .optional()
    .describe('Origins of web pages that may call the server.'),
  forwardHeaders: listSet(headerName, 64)
    .optional()
    .describe('Request headers that reach the server besides the usual ones.'),
});

const analytics = z.object({
  disabled: z.boolean().optional().describe('Switches recording off; the opposite of enabled.'),
  enabled: z
    .boolean()
    .optional()
    .describe('Switches recording on; the older name, the opposite of disabled.'),
  ingestURL: httpUrl.optional().describe("Where events go; default: the operator's."),
  source: text(256).optional().describe('Source in events; default: <name>-gateway.'),
  eventType: text(256).optional().describe('Type in events; default: mcp.request.'),
  apiKeySecretRef: secretKeyRef.optional().describe('Credential for ingest.'),
});

const audit = z.object({
  durability: z
    .enum(['batched', 'strict'])
    .optional()
    .describe(
      'strict: a decision is on disk before the call is forwarded. Default: strict for destructive tools, batched for the rest.',
    ),
  arguments: z
    .enum(['none', 'digest'])
    .optional()
    .describe(
      'digest: events carry a keyed digest of the arguments, which tells equal ones and nothing else. Default: none.',
    ),
  redact: listSet(z.enum(REDACTABLE_FIELDS), REDACTABLE_FIELDS.length)
    .optional()
    .describe(
      'Fields of events that are not recorded as they are: identities become pseudonyms, others are left out.',
    ),
});

const rollout = z.object({
  strategy: z
    .enum(['RollingUpdate', 'Recreate', 'Canary'])
    .default('RollingUpdate')
    .describe('How a change goes out.'),
  maxUnavailable: intOrPercent
    .default('25%')
    .describe('Pods that may be missing meanwhile, number or percentage.'),
  maxSurge: intOrPercent.default('25%').describe('Pods that may be there in addition, number or percentage.'),
  canaryReplicas: z.int32().min(0).optional().describe('Pods that get a change first, strategy Canary.'),
  canaryWeight: z
    .int32()
    .min(0)
    .max(100)
    .optional()
    .describe(
      "Percentage of calls that the canary gets, ingressClass gateway; default: the canary's share of the pods.",
    ),
  promote: text(64)
    .optional()
    .describe('Revision of the canary that all pods shall run: that of status.rollout.canaryRevision.'),
  abort: text(64)
    .optional()
    .describe(
      'Revision of the canary that no pod shall run any more; the canary goes back to what was promoted last.',
    ),
});

const percentage = z.int32().min(1).max(1000);

const autoscaling = z.object({
  minReplicas: z.int32().min(1).default(1).describe('Fewest pods.'),
  maxReplicas: z.int32().min(1).describe('Most pods.'),
  cpuPercent: percentage
    .optional()
    .describe(
      'CPU that pods should use on average, in percent of their request; 80 where memoryPercent is not set either.',
    ),
  memoryPercent: percentage
    .optional()
    .describe('Memory that pods should use on average, in percent of their request.'),
});

const disruption = z.object({
  maxUnavailable: intOrPercent
    .default('1')
    .describe('Pods that may be missing while nodes are drained, number or percentage.'),
});

const gatewayRef = z.object({
  name: dnsSubdomain.describe('Name of the Gateway.'),
  namespace: dnsLabel.optional().describe('Namespace of the Gateway; default: that of this object.'),
  sectionName: dnsSubdomain.optional().describe('Listener of the Gateway; default: every one that fits.'),
});

const ingressTLS = z.object({
  secretName: dnsSubdomain.optional().describe('Secret with the certificate; default: <name>-tls.'),
  clusterIssuer: dnsSubdomain
    .optional()
    .describe('ClusterIssuer of cert-manager that fills the Secret; default: somebody else does.'),
  issuer: dnsSubdomain.optional().describe('Issuer of cert-manager in this namespace that fills the Secret.'),
});

const networkPort = z.object({
  port: port.describe('Port.'),
  protocol: z.enum(['TCP', 'UDP']).default('TCP').describe('Protocol.'),
});

const network = z.object({
  clients: z
    .array(
      z.object({
        namespace: dnsLabel.describe('Namespace of the pods.'),
        podLabels: textMap(63).optional().describe('Labels of the pods; default: all pods.'),
      }),
    )
    .max(32)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Pods that may reach the proxy besides the ingress controller.'),
  egress: z
    .array(
      z.object({
        cidr: text(64).describe('Addresses, for example 203.0.113.0/24.'),
        ports: z.array(networkPort).min(1).max(32).optional().describe('Ports; default: all.'),
      }),
    )
    .max(64)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Where the server itself may connect to, besides DNS and the platform.'),
});

const access = z.object({
  fromNamespaces: listSet(dnsLabel, 64)
    .optional()
    .describe('Other namespaces whose grants and sessions may name this server. Default: none.'),
  emptySubjectMatchesAsserted: z
    .boolean()
    .optional()
    .describe(
      'Whether a grant with an empty subject also means callers that only assert who they are. Default: no.',
    ),
});

export const mcpServerSpec = z.object({
  teamID: teamId.optional(),
  description: text(4096).optional().describe('What the server is for.'),
  image: z
    .string()
    .min(1)
    .max(1024)
    .regex(/[^\x00-\x20\x7f-\xa0]/, 'must not be blank')
    .describe('Image of the server.'),
  imageTag: text(128)
    .optional()
    .describe('Tag, where the image names neither tag nor digest; default: latest.'),
  registryOverride: text(512).optional().describe("Registry instead of the image's own."),
  useProvisionedRegistry: z
    .boolean()
    .default(false)
    .describe("Whether the image comes from the platform's registry."),
  imagePullSecrets: z.array(text(253)).max(16).optional().describe('Names of pull secrets.'),
  replicas: z
    .int32()
    .min(0)
    .optional()
    .describe('Pods; default 1. Leave it out where an autoscaler decides.'),
  port: port.default(8088).describe('Port of the server in the pod.'),
  servicePort: port.default(80).describe('Port of the Service.'),
  ingressPath: text(1024).optional().describe('Path of the route; default: /<publicPathPrefix>/mcp.'),
  ingressHost: text(253)
    .optional()
    .describe("Host of the route; default: the operator's, where no prefix is set either."),
  publicPathPrefix: z
    .string()
    .max(512)
    .regex(/^$|[^/]/, 'must not be slashes only')
    .optional()
    .describe('The route is /<publicPathPrefix>/mcp; default: the name of the server.'),
  ingressClass: text(253)
    .default('traefik')
    .describe("The cluster's ingress class; gateway: a route of the Gateway API; empty: the installation's."),
  ingressAnnotations: textMap(4096)
    .optional()
    .describe('Annotations of the Ingress, from the allow-list of its class.'),
  ingressTLS: ingressTLS
    .optional()
    .describe(
      'TLS of the route, with a certificate for its host. With ingressClass gateway, the Gateway has it.',
    ),
  gatewayRef: gatewayRef
    .optional()
    .describe("Gateway that the route belongs to, ingressClass gateway; default: the installation's."),
  externalURL: httpUrl
    .optional()
    .describe('URL under which callers reach the server; the one source of OAuth metadata.'),
  resources: resources
    .optional()
    .describe('Resources of the server; default: requests 50m and 64Mi, limits 500m and 256Mi.'),
  envVars: z
    .array(
      z.object({
        name: z.string().min(1).max(253).describe('Name of the variable.'),
        value: text(32768).describe('Its value.'),
      }),
    )
    .max(256)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Environment variables of the server.'),
  secretEnvVars: z
    .array(
      z.object({
        name: z.string().min(1).max(253).describe('Name of the variable.'),
        secretKeyRef: secretKeyRef.describe('Where its value is.'),
      }),
    )
    .max(256)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Environment variables whose values are in Secrets.'),
  tools: listMap(tool, 'name', 512)
    .optional()
    .describe('Tools that may be offered. What is not declared here cannot be called through the proxy.'),
  prompts: inventory('Prompts'),
  mcpResources: inventory('Resources'),
  tasks: inventory('Tasks'),
  auth: auth.optional().describe('How callers are identified.'),
  policy: policy.optional().describe('How decisions are made.'),
  session: session.optional().describe('Rules for sessions.'),
  access: access.optional().describe('Who may grant access.'),
  gateway: gateway.optional().describe('The policy proxy.'),
  analytics: analytics.optional().describe('Recording of what the proxy decides.'),
  audit: audit.optional().describe('How surely decisions are recorded.'),
  rollout: rollout.optional().describe('How changes go out.'),
  autoscaling: autoscaling
    .optional()
    .describe('Number of pods by their load, instead of replicas. Needs a metrics server in the cluster.'),
  disruption: disruption
    .optional()
    .describe('How many pods of several may be missing while nodes are drained; default: one.'),
  topologySpread: z
    .enum(['Preferred', 'Required', 'None'])
    .default('Preferred')
    .describe(
      'Whether pods spread over zones and nodes. Required: a pod that would not, stays unscheduled. Constraints of podTemplate replace these.',
    ),
  network: network.optional().describe('Who may connect to the pods, and where they may connect to.'),
  podTemplate: podTemplate.optional().describe('What else to set of the pods.'),
  suspend: z.boolean().optional().describe('Scales the server to zero and says so in status.'),
});
