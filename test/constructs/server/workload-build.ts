// A server as the API server stores it, an installation, and the objects that follow from both.
import { MCPServer, type McpServer } from '#api/mcp-server.ts';
import { DEFAULT_OPERATOR_CONFIG, type OperatorConfig } from '#api/operator-config.ts';
import { parseResource } from '#api/parse.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { workloadObjects } from '#constructs/server/mcp-server-workload.ts';
import { compilePolicy } from '#policy/compile.ts';
import type { PolicyDocument } from '#policy/document.ts';
import { z } from 'zod';

export const CONFIG: OperatorConfig = {
  ...DEFAULT_OPERATOR_CONFIG,
  gatewayImage: 'example.org/mcp-runtime/proxy:1.0.0',
  ingestUrl: 'http://mcp-sentinel-ingest.mcp-sentinel.svc.cluster.local:8081/events',
};

const GOVERNED = {
  image: 'example.org/notes:1.0.0',
  auth: { mode: 'header' },
  gateway: { enabled: true, stripPrefix: '/notes' },
  analytics: { enabled: true },
  tools: [{ name: 'look', sideEffect: 'read' }],
};

/** The server `team-a/notes` with its proxy on, unless `spec` says otherwise. */
export function storedServer(spec: Readonly<Record<string, unknown>> = {}): McpServer {
  const parsed = parseResource(MCPServer, {
    apiVersion: 'mcpruntime.org/v1alpha1',
    kind: 'MCPServer',
    metadata: { name: 'notes', namespace: 'team-a', uid: '1f0c', generation: 1 },
    spec: { ...GOVERNED, ...spec },
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

const noInputs = { servers: '1', grants: '1', sessions: '1', tombstones: '0' };

export function policyOf(server: McpServer, grants: readonly object[] = []): PolicyDocument {
  const input = { grants, sessions: [], tombstones: [], config: CONFIG, inputs: noInputs, epoch: 0 };
  return compilePolicy({ server, ...input }).document;
}

export function objectsOf(server: McpServer, config: OperatorConfig = CONFIG): readonly Manifest[] {
  return workloadObjects({ server, config, policy: policyOf(server) });
}

const variable = z.object({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z.unknown().optional(),
});
const port = z.looseObject({ name: z.string(), containerPort: z.number() });
const probe = z.looseObject({ httpGet: z.object({ port: z.number(), path: z.string() }).optional() });
const securityContext = z.looseObject({ readOnlyRootFilesystem: z.boolean(), runAsNonRoot: z.boolean() });

const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  ports: z.array(port),
  env: z.array(variable).default([]),
  resources: z.looseObject({ requests: z.object({}).loose(), limits: z.object({}).loose() }),
  volumeMounts: z.array(z.looseObject({ name: z.string(), mountPath: z.string() })).default([]),
  livenessProbe: probe.optional(),
  readinessProbe: probe.optional(),
  lifecycle: z.unknown().optional(),
  securityContext,
});

const labels = z.record(z.string(), z.string());

/** What tests look at of a Deployment. */
const deployment = z.object({
  metadata: z.looseObject({ name: z.string(), labels }),
  spec: z.looseObject({
    replicas: z.number().optional(),
    selector: z.object({ matchLabels: labels }),
    template: z.object({
      metadata: z.looseObject({ labels }),
      spec: z.looseObject({
        containers: z.array(container),
        volumes: z.array(z.looseObject({ name: z.string() })).default([]),
        securityContext: z.looseObject({}),
        serviceAccountName: z.string(),
        automountServiceAccountToken: z.boolean(),
        terminationGracePeriodSeconds: z.number(),
      }),
    }),
  }),
});

export type ReadDeployment = z.output<typeof deployment>;
export type ReadContainer = z.output<typeof container>;

export function ofKind(objects: readonly Manifest[], kind: string): readonly Manifest[] {
  return objects.filter((object) => object.kind === kind);
}

export function deploymentsOf(objects: readonly Manifest[]): readonly ReadDeployment[] {
  return ofKind(objects, 'Deployment').map((object) => deployment.parse(object));
}

/** The first Deployment, which is the stable one. */
export function deploymentOf(objects: readonly Manifest[]): ReadDeployment {
  const [first] = deploymentsOf(objects);
  if (first === undefined) throw new Error('there is no Deployment');
  return first;
}

export function containerOf(objects: readonly Manifest[], name: string): ReadContainer {
  const found = deploymentOf(objects).spec.template.spec.containers.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no container ${name}`);
  return found;
}
