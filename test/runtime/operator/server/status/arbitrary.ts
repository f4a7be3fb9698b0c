// Random servers in random states, consistent or not: half-finished rollouts, pods of every ReplicaSet, lost and late
// words of proxies, refusals. Small pools, so that everything meets often.
import fc from 'fast-check';
import type { McpServerSpecInput } from '#api/mcp-server.ts';
import { resolve } from '#api/resolve.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import type { ObservedServer, StatusInput } from '#runtime/operator/server/status/observed-server.ts';
import {
  aDeployment,
  anAcknowledgement,
  anIngress,
  aPod,
  aReplicaSet,
  aServer,
  aService,
  CONFIG,
  healthy,
  NEWER,
  NOW_MS,
  OLDER,
  REVISION,
  secondsAgo,
  type PodFacts,
} from './build.ts';

const pick = <const Value>(...values: readonly Value[]): fc.Arbitrary<Value> => fc.constantFrom(...values);
/** Mostly the first, so that random states are ready now and then. */
const mostly = <Value>(usual: Value, ...others: readonly Value[]): fc.Arbitrary<Value> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(usual) },
    ...others.map((other) => ({ weight: 1, arbitrary: fc.constant(other) })),
  );

const PROXY = { name: 'mcp-gateway', image: 'proxy:1' };
const NOTES = { name: 'notes', image: 'notes:1' };
const containers = mostly([NOTES, PROXY], [NOTES]);

const aRandomSpec: fc.Arbitrary<Partial<McpServerSpecInput>> = fc
  .record({
    replicas: pick(undefined, 0, 1, 2),
    suspend: mostly(undefined, true),
    gateway: mostly({ enabled: true }, { enabled: false }),
    analytics: pick(undefined, { enabled: true }, { enabled: false }),
    auth: pick(undefined, { mode: 'none' }, { mode: 'header' }),
    canary: mostly(false, true),
    mystery: fc.boolean(),
  })
  .map(({ canary, replicas, mystery, ...spec }) => ({
    ...spec,
    ...(mystery && { tools: [{ name: 'mystery' }] }),
    replicas: canary ? 2 : replicas,
    ...(canary && { rollout: { strategy: 'Canary', canaryReplicas: 1 } }),
  }));

const podFacts = fc.record({
  revision: mostly(2, 1),
  containers,
  ready: mostly(true, false),
  deleted: mostly(false, true),
  phase: mostly('Running', 'Failed'),
  readySecondsAgo: pick(1, 600),
  statuses: mostly<NonNullable<PodFacts['statuses']>>(
    {},
    { 'mcp-gateway': { ready: false } },
    { notes: { state: { waiting: { reason: 'ErrImagePull', message: 'no' } } } },
    { notes: { lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } } } },
  ),
});

const deploymentFacts = fc.record({
  containers,
  replicas: pick(0, 1, 2),
  generation: pick(1, 2),
  observed: mostly(2, 1),
  lacking: mostly<'nothing' | 'updated' | 'available'>('nothing', 'updated', 'available'),
  extra: mostly(0, 1),
  deadline: mostly(false, true),
  pods: fc.array(podFacts, { maxLength: 3 }),
});

interface RandomTrack {
  readonly deployment?: KubeObject;
  readonly replicaSets: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
}

const aRandomTrack = (name: string): fc.Arbitrary<RandomTrack> =>
  fc.option(deploymentFacts, { nil: undefined, freq: 8 }).map((facts) => {
    if (facts === undefined) return { replicaSets: [], pods: [] };
    const { replicas, lacking, extra, deadline, observed, pods, ...rest } = facts;
    const short = Math.max(0, replicas - 1);
    const deployment = aDeployment({
      ...rest,
      name,
      replicas,
      revision: 2,
      status: {
        observedGeneration: observed,
        replicas: replicas + extra,
        updatedReplicas: lacking === 'updated' ? short : replicas,
        availableReplicas: lacking === 'nothing' ? replicas : short,
        conditions: deadline
          ? [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }]
          : [],
      },
    });
    const replicaSets = [1, 2].map((revision) => aReplicaSet(deployment, revision));
    return {
      deployment,
      replicaSets,
      pods: pods.map(({ revision, ...pod }, index) =>
        aPod(replicaSets[revision - 1] ?? deployment, index, pod),
      ),
    };
  });

const failure = fc.record({
  child: pick(
    'Deployment notes',
    'Service notes',
    'NetworkPolicy notes-gateway',
    'ConfigMap notes-gateway-policy',
  ),
  code: pick('forbidden', 'conflict', 'invalid', 'unavailable', 'namespace_terminating'),
  message: pick('no', 'exceeded quota: q'),
  at: fc.constant(secondsAgo(1)),
});

/** The n-th pod says the n-th revision, or nothing. */
function acknowledgementsOf(uids: readonly string[], revisions: readonly (string | undefined)[]) {
  return [...new Set(uids)].flatMap((uid, index) => {
    const revision = revisions[index % revisions.length];
    return revision === undefined ? [] : [anAcknowledgement(uid, { revision })];
  });
}

const anyObserved: fc.Arbitrary<ObservedServer> = fc
  .record({
    stable: aRandomTrack('notes'),
    canary: fc.oneof(
      { weight: 3, arbitrary: fc.constant({ replicaSets: [], pods: [] }) },
      { weight: 1, arbitrary: aRandomTrack('notes-canary') },
    ),
    service: mostly<KubeObject | undefined>(aService, undefined),
    ingress: mostly<KubeObject | undefined>(anIngress(['192.0.2.1']), anIngress([]), undefined),
    ingressClass: mostly<ObservedServer['ingressClass']>('found', 'missing', 'unknown'),
    policyRevision: mostly<string | undefined>(REVISION, OLDER, undefined),
    policyWrittenAt: pick(secondsAgo(5), secondsAgo(60), undefined),
    policyDueMs: mostly<number | undefined>(undefined, 3000),
    acknowledged: fc.array(pick<string | undefined>(REVISION, OLDER, NEWER, undefined), {
      minLength: 4,
      maxLength: 4,
    }),
    acknowledgementSource: mostly<ObservedServer['acknowledgementSource']>(
      'connected',
      'absent',
      'disconnected',
    ),
    failures: mostly<readonly ObservedServer['failures'][number][]>([]).chain((none) =>
      fc.oneof(
        { weight: 5, arbitrary: fc.constant(none) },
        { weight: 1, arbitrary: fc.array(failure, { minLength: 1, maxLength: 2 }) },
      ),
    ),
    routeConflict: mostly<ObservedServer['routeConflict']>(undefined, { namespace: 'team-b', name: 'older' }),
  })
  .map(({ stable, canary, acknowledged, ...rest }) => {
    const pods = [...stable.pods, ...canary.pods];
    return {
      ...rest,
      deployment: stable.deployment,
      canaryDeployment: 'deployment' in canary ? canary.deployment : undefined,
      replicaSets: [...stable.replicaSets, ...canary.replicaSets],
      pods,
      acknowledgements: acknowledgementsOf(
        [...pods.map(({ metadata }) => metadata.uid ?? ''), 'notes-1-0'],
        acknowledged,
      ),
      warnings: [],
    };
  });

/** There are few different specs, and parsing one costs more than all else here. */
const servers = new Map<string, ReturnType<typeof aServer>>();

function serverOf(spec: Partial<McpServerSpecInput>, generation: number): ReturnType<typeof aServer> {
  const key = JSON.stringify([spec, generation]);
  const server = servers.get(key) ?? aServer(spec, generation);
  servers.set(key, server);
  return server;
}

/** A server and a state of the world: anything, or a healthy one of which some parts are replaced by anything. */
export const aRandomInput: fc.Arbitrary<StatusInput> = fc
  .record({
    spec: aRandomSpec,
    generation: pick(1, 2),
    observed: anyObserved,
    taken: fc.oneof(
      fc.constant<(keyof ObservedServer)[]>([]),
      fc.subarray<keyof ObservedServer>([
        'deployment',
        'service',
        'ingress',
        'policyRevision',
        'policyWrittenAt',
        'acknowledgements',
        'failures',
        'acknowledgementSource',
      ]),
    ),
    anything: fc.boolean(),
    desiredRevision: mostly<string | undefined>(REVISION, NEWER, undefined),
    ingressReadiness: pick('strict', 'permissive'),
    nowMs: pick(NOW_MS, NOW_MS + 8000),
  })
  .map(({ spec, generation, observed, taken, anything, desiredRevision, ingressReadiness, nowMs }) => {
    const config = { ...CONFIG, ingressReadiness };
    const server = serverOf(spec, generation);
    const resolved = resolve(server, config);
    const parts = anything ? observed : Object.fromEntries(taken.map((name) => [name, observed[name]]));
    return {
      server,
      resolved,
      config,
      desiredRevision,
      observed: { ...healthy(resolved), ...parts },
      nowMs,
    };
  });
