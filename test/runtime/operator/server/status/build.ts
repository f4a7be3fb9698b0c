// A server and what is observed of it, whole and ready until a test changes what it is about.
import type { ServerConditionType } from '#api/conditions.ts';
import { MCPServer, type McpServer, type McpServerSpecInput, type McpServerStatus } from '#api/mcp-server.ts';
import { DEFAULT_OPERATOR_CONFIG, type OperatorConfig } from '#api/operator-config.ts';
import { parseResource } from '#api/parse.ts';
import { resolve, type ResolvedServer } from '#api/resolve.ts';
import type { Condition } from '#api/schema.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import type { Acknowledgement } from '#runtime/operator/acknowledgements.ts';
import type { ObservedServer, StatusInput } from '#runtime/operator/server/status/observed-server.ts';
import { serverStatus } from '#runtime/operator/server/status/server-status.ts';

export const NOW_MS = Date.parse('2026-01-01T12:00:00Z');
/** An ISO time some seconds before now. */
export const secondsAgo = (seconds: number) => new Date(NOW_MS - seconds * 1000).toISOString();

export const REVISION = `sha256:${'a'.repeat(64)}`;
export const OLDER = `sha256:${'0'.repeat(64)}`;
export const NEWER = `sha256:${'f'.repeat(64)}`;

export const CONFIG: OperatorConfig = {
  ...DEFAULT_OPERATOR_CONFIG,
  ingressHost: 'mcp.example.org',
  gatewayImage: 'registry.example.org/proxy:1.0.0',
  ingestUrl: 'http://ingest.mcp-sentinel.svc:8080',
};

export const GATEWAY_ON = { gateway: { enabled: true }, analytics: { enabled: true } } as const;

export function aServer(spec: Partial<McpServerSpecInput> = {}, generation = 1): McpServer {
  const parsed = parseResource(MCPServer, {
    apiVersion: 'mcpruntime.org/v1alpha1',
    kind: 'MCPServer',
    metadata: { name: 'notes', namespace: 'team-a', uid: 'server', generation },
    spec: { image: 'registry.example.org/notes:1.0.0', ...spec },
  });
  if (!parsed.ok) throw new Error(`fixture: ${JSON.stringify(parsed.error)}`);
  return parsed.value;
}

type Members = Readonly<Record<string, unknown>>;

interface Container {
  readonly name: string;
  readonly image: string;
}

/** Containers of the pods that a server's spec asks for. */
export function containersOf({ image, gateway }: ResolvedServer): readonly Container[] {
  const proxy = gateway === undefined ? [] : [{ name: 'mcp-gateway', image: gateway.image ?? '' }];
  return [{ name: 'notes', image }, ...proxy];
}

const apps = (kind: string, metadata: KubeObject['metadata'], members: Members): KubeObject => ({
  apiVersion: 'apps/v1',
  kind,
  metadata: { namespace: 'team-a', ...metadata },
  ...members,
});

const REVISION_ANNOTATION = 'deployment.kubernetes.io/revision';

export interface DeploymentFacts {
  readonly name?: string;
  readonly containers: readonly Container[];
  readonly replicas: number;
  readonly generation?: number;
  /** Number of its newest ReplicaSet. */
  readonly revision?: number;
  readonly paused?: boolean;
  /** Members of status that differ from those of a finished rollout. */
  readonly status?: Members;
}

export function aDeployment({
  name = 'notes',
  containers,
  replicas,
  generation = 1,
  revision = 1,
  paused = false,
  status = {},
}: DeploymentFacts): KubeObject {
  const annotations = { [REVISION_ANNOTATION]: String(revision) };
  return apps(
    'Deployment',
    { name, uid: name, generation, annotations },
    {
      spec: { replicas, paused, template: { spec: { containers } } },
      status: {
        observedGeneration: generation,
        replicas,
        updatedReplicas: replicas,
        readyReplicas: replicas,
        availableReplicas: replicas,
        ...status,
      },
    },
  );
}

export function aReplicaSet(deployment: KubeObject, revision = 1): KubeObject {
  const { name } = deployment.metadata;
  return apps(
    'ReplicaSet',
    {
      name: `${name}-${revision}`,
      uid: `${name}-${revision}`,
      annotations: { [REVISION_ANNOTATION]: String(revision) },
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'Deployment', name, uid: deployment.metadata.uid ?? '' },
      ],
    },
    {},
  );
}

export interface PodFacts {
  readonly containers: readonly Container[];
  readonly ready?: boolean;
  readonly readySecondsAgo?: number;
  readonly phase?: string;
  readonly deleted?: boolean;
  /** Status of a container, by its name, where it differs from that of the pod. */
  readonly statuses?: Readonly<Record<string, Members>>;
  readonly conditions?: readonly Members[];
}

/** `<replicaSet>-<index>`, whose uid is its name. */
export function aPod(replicaSet: KubeObject, index: number, facts: PodFacts): KubeObject {
  const { containers, ready = true, phase = 'Running', deleted = false, statuses = {} } = facts;
  const { readySecondsAgo = 600, conditions = [] } = facts;
  const name = `${replicaSet.metadata.name}-${index}`;
  const since = secondsAgo(readySecondsAgo);
  const { name: owner, uid = '' } = replicaSet.metadata;
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'team-a',
      uid: name,
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: owner, uid }],
      ...(deleted && { deletionTimestamp: secondsAgo(1) }),
    },
    spec: { nodeName: 'node-1', containers },
    status: {
      phase,
      conditions: [
        { type: 'Ready', status: ready ? 'True' : 'False', lastTransitionTime: since },
        ...conditions,
      ],
      containerStatuses: containers.map((container) => ({
        name: container.name,
        ready,
        restartCount: 0,
        state: { running: {} },
        ...statuses[container.name],
      })),
    },
  };
}

export const aService: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'notes', namespace: 'team-a' },
  spec: { clusterIP: '10.0.0.1' },
};

export function anIngress(addresses: readonly string[]): KubeObject {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'notes', namespace: 'team-a' },
    spec: { rules: [{}] },
    status: { loadBalancer: { ingress: addresses.map((ip) => ({ ip })) } },
  };
}

/** What a proxy says when all is well. */
export function anAcknowledgement(podUid: string, changes: Partial<Acknowledgement> = {}): Acknowledgement {
  return {
    podUid,
    revision: REVISION,
    inputs: { servers: '1', grants: '1', sessions: '1', tombstones: '1' },
    epoch: 0,
    auditDeliveredAt: secondsAgo(5),
    auditDelayed: false,
    reachablePastProxy: false,
    ...changes,
  };
}

export interface TrackFacts {
  readonly name?: string;
  readonly replicas: number;
  readonly containers: readonly Container[];
}

/** A Deployment with its ReplicaSet and pods, rolled out. */
export function aTrack({ name = 'notes', replicas, containers }: TrackFacts) {
  const deployment = aDeployment({ name, containers, replicas });
  const replicaSet = aReplicaSet(deployment);
  const pods = Array.from({ length: replicas }, (_, index) => aPod(replicaSet, index, { containers }));
  return { deployment, replicaSet, pods };
}

/** Everything in place for a server. */
export function healthy(resolved: ResolvedServer): ObservedServer {
  const containers = containersOf(resolved);
  const stable = aTrack({ replicas: resolved.replicas ?? 1, containers });
  const { canaryReplicas, strategy } = resolved.rollout;
  const canary =
    canaryReplicas > 0 ? aTrack({ name: 'notes-canary', replicas: canaryReplicas, containers }) : undefined;
  const pods = [...stable.pods, ...(canary?.pods ?? [])];
  const gatewayOn = resolved.gateway !== undefined;
  return {
    deployment: stable.deployment,
    canaryDeployment: canary?.deployment,
    replicaSets: [stable.replicaSet, ...(canary === undefined ? [] : [canary.replicaSet])],
    pods,
    service: aService,
    ingress: anIngress(['192.0.2.1']),
    ingressClass: 'found',
    ...(gatewayOn && { policyRevision: REVISION, policyWrittenAt: secondsAgo(60), policyForm: 'plain' }),
    acknowledgements: gatewayOn ? pods.map((pod) => anAcknowledgement(pod.metadata.uid ?? '')) : [],
    acknowledgementSource: 'connected',
    failures: [],
    warnings: [],
    rollout:
      strategy === 'Canary'
        ? { stableRevision: 'aaa', canaryRevision: 'aaa', phase: 'Idle', traffic: 'ReplicaRatio' }
        : undefined,
  };
}

export interface World {
  readonly spec?: Partial<McpServerSpecInput>;
  readonly generation?: number;
  readonly config?: Partial<OperatorConfig>;
  /** What is observed other than in a healthy world. */
  readonly observed?: (resolved: ResolvedServer) => Partial<ObservedServer>;
  readonly desiredRevision?: string | undefined;
  readonly previous?: McpServerStatus;
  readonly nowMs?: number;
}

export function statusInput(world: World = {}): StatusInput {
  const config = { ...CONFIG, ...world.config };
  const server = aServer(world.spec, world.generation);
  const resolved = resolve(server, config);
  return {
    server,
    resolved,
    config,
    desiredRevision: 'desiredRevision' in world ? world.desiredRevision : REVISION,
    observed: { ...healthy(resolved), ...world.observed?.(resolved) },
    previous: world.previous,
    nowMs: world.nowMs ?? NOW_MS,
  };
}

export function statusOf(world: World = {}): McpServerStatus {
  return serverStatus(statusInput(world)).status;
}

export function conditionIn(status: McpServerStatus, type: ServerConditionType): Condition {
  const found = status.conditions?.find((condition) => condition.type === type);
  if (found === undefined) throw new Error(`the status has no condition ${type}`);
  return found;
}

/** `False GatewayDisabled`: what programs read of a condition. */
export function said(status: McpServerStatus, type: ServerConditionType): string {
  const { status: value, reason } = conditionIn(status, type);
  return `${value} ${reason}`;
}
