// What can go wrong with a server, each thing with a reason that stays the same, a message that says what to do, an
// event, no hammering of the API server, and an end when it is mended, without anybody touching the operator.
import type { Mark } from '#scripts/cluster/audit-log.ts';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { becomes, make, messageOf } from './harness/builders.ts';
import { becomesCalm } from './harness/calm.ts';
import { cluster } from './harness/cluster.ts';
import { eventually, until } from './harness/eventually.ts';
import { namespace } from './harness/namespace.ts';
import { at, conditionLine, conditionOf, type KubeObject } from './harness/objects.ts';
import { eventsOf, giveAddress, makeServer, play, withOutcome } from './harness/serving.ts';

const world = cluster();

/** For pods that fail. */
const pods = namespace('faulty-pods');
/** Each for something that its namespace forbids. */
const noPods = namespace('no-pods');
const noMaps = namespace('no-maps');
const small = namespace('small-pods');
const noServices = namespace('no-services');
const spaces = [pods, noPods, noMaps, small, noServices];

const GOVERNED = { gateway: { enabled: true }, auth: { mode: 'header' } };

const suffix = randomBytes(3).toString('hex');
const className = `faults-${suffix}`;
const admission = `faults-${suffix}`;

interface Fault {
  readonly what: string;
  readonly namespace: string;
  readonly name: string;
  readonly spec?: object;
  /** Of the condition Ready, and of the event. */
  readonly reason: string;
  /** The condition that explains it. */
  readonly explains: string;
  readonly phase: 'PartiallyReady' | 'Error' | 'Pending';
  /** What the message has to say: what happened, and what to do. */
  readonly says: readonly (string | RegExp)[];
  readonly mend: () => Promise<unknown>;
}

const mendPods = (name: string) => () => play(pods, name, 'ready');

const FAULTS: readonly Fault[] = [
  {
    what: "an image that can't be pulled",
    namespace: pods,
    name: 'pull',
    spec: withOutcome('image-pull-failed'),
    ...{ reason: 'ImagePullFailed', explains: 'DeploymentReady', phase: 'PartiallyReady' },
    says: ['registry.example.org/pull:1.0.0', '(the registry says: not found)', 'correct spec.image'],
    // As its author would: by another spec.
    mend: () =>
      world.patch('MCPServer', 'pull', pods, { spec: { imageTag: '2.0.0', ...withOutcome('ready') } }),
  },
  {
    what: 'a container that crashes',
    namespace: pods,
    name: 'crash',
    spec: withOutcome('crash-loop'),
    ...{ reason: 'CrashLooping', explains: 'DeploymentReady', phase: 'PartiallyReady' },
    says: [
      'ends again and again, last with exit code 1',
      new RegExp(`read \`kubectl logs -n ${pods} crash-\\S+ -c crash --previous\``),
    ],
    mend: mendPods('crash'),
  },
  {
    what: 'a container that takes too much memory',
    namespace: pods,
    name: 'memory',
    spec: withOutcome('oom-killed'),
    ...{ reason: 'OutOfMemory', explains: 'DeploymentReady', phase: 'PartiallyReady' },
    says: ['used more memory than it may; raise spec.resources.limits.memory'],
    mend: mendPods('memory'),
  },
  {
    what: 'an ingress class that the cluster lacks',
    namespace: pods,
    name: 'classless',
    spec: { ingressClass: className },
    ...{ reason: 'IngressClassNotFound', explains: 'IngressReady', phase: 'Error' },
    says: [`The cluster has no ingress class ${className}`, 'kubectl get ingressclass'],
    mend: () =>
      make({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'IngressClass',
        metadata: { name: className },
        spec: { controller: 'example.org/controller' },
      }),
  },
  {
    what: 'pods that a quota does not allow',
    namespace: noPods,
    name: 'quota',
    ...{ reason: 'QuotaExceeded', explains: 'DeploymentReady', phase: 'Error' },
    says: ['exceeded quota: none', 'raise the quota of the namespace'],
    mend: () => world.delete('ResourceQuota', 'none', noPods),
  },
  {
    what: 'a policy that a quota does not allow',
    namespace: noMaps,
    name: 'unwritten',
    spec: GOVERNED,
    ...{ reason: 'QuotaExceeded', explains: 'PolicyReady', phase: 'Error' },
    says: [
      /^ConfigMap unwritten-gateway-policy could not be applied: .*exceeded quota: none/,
      'raise the quota of the namespace',
    ],
    mend: () => world.delete('ResourceQuota', 'none', noMaps),
  },
  {
    what: 'pods that ask for more than their namespace allows',
    namespace: small,
    name: 'large',
    ...{ reason: 'PodsRefused', explains: 'DeploymentReady', phase: 'Error' },
    says: ['maximum memory usage per Container is 100Mi', 'what they ask for in spec.podTemplate'],
    mend: () =>
      world.patch('MCPServer', 'large', small, {
        spec: { resources: { limits: { cpu: '100m', memory: '100Mi' } } },
      }),
  },
  {
    what: 'a child that admission forbids',
    namespace: noServices,
    name: 'forbidden',
    ...{ reason: 'Forbidden', explains: 'ServiceReady', phase: 'Error' },
    says: [
      'Service forbidden could not be applied',
      'not in this namespace',
      'change what admission refuses',
    ],
    mend: () => world.delete('ValidatingAdmissionPolicyBinding', admission),
  },
];

const quota = (where: string, hard: object): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'none', namespace: where },
  spec: { hard },
});

const limits: KubeObject = {
  apiVersion: 'v1',
  kind: 'LimitRange',
  metadata: { name: 'small', namespace: small },
  spec: { limits: [{ type: 'Container', max: { cpu: '100m', memory: '100Mi' } }] },
};

const admissionObject = (kind: string, spec: object): KubeObject => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind,
  metadata: { name: admission },
  spec,
});

/** Nobody makes a Service in one namespace. */
async function forbidServices(): Promise<void> {
  await make(
    admissionObject('ValidatingAdmissionPolicy', {
      matchConstraints: {
        resourceRules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['services'] },
        ],
      },
      validations: [{ expression: 'false', message: 'not in this namespace', reason: 'Forbidden' }],
    }),
    admissionObject('ValidatingAdmissionPolicyBinding', {
      policyName: admission,
      validationActions: ['Deny'],
      matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': noServices } } },
    }),
  );
  const probe = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'probe', namespace: noServices },
    spec: { ports: [{ port: 80 }] },
  };
  await until(
    'services are forbidden',
    () => world.create(probe, { query: '?dryRun=All' }),
    ({ status }) => status === 403,
  );
}

/** Requests of the operator about a namespace since a mark; watches are of all namespaces. */
const requestsIn = (where: string, since: Mark) =>
  world.audit
    .read({ user: world.operatorUser, namespace: where, since })
    .map(
      ({ verb, resource, subresource, name, code }) =>
        `${verb} ${resource}/${subresource ?? ''} ${name ?? ''} ${code}`,
    );

beforeAll(async () => {
  // The namespace's own ConfigMap of certificates takes the one place that there is. A quota is
  // counted when it is made and then only now and then, so the ConfigMap has to be there first.
  await until(
    "the namespace's certificates are there",
    () => world.get('ConfigMap', 'kube-root-ca.crt', noMaps),
    (found) => found !== undefined,
  );
  await Promise.all([
    make(quota(noPods, { pods: '0' }), quota(noMaps, { configmaps: '1' }), limits),
    forbidServices(),
  ]);
  await until(
    'the quota is used up',
    () => world.must('ResourceQuota', 'none', noMaps),
    (now) => at(now, 'status', 'used', 'configmaps') === '1',
  );
  await Promise.all(FAULTS.map(({ namespace: where, name, spec }) => makeServer(where, name, spec)));
});

afterAll(async () => {
  await world.delete('ValidatingAdmissionPolicyBinding', admission);
  await world.delete('ValidatingAdmissionPolicy', admission);
  await world.delete('IngressClass', className);
});

/** What the server says once it has found out. */
const said = ({ namespace: where, name, reason }: Fault) =>
  becomes('MCPServer', where, name, (now) => conditionLine(now, 'Ready'), `False ${reason}`);

describe.each(FAULTS)('$what', (fault) => {
  it('is a condition with a reason and what to do', async () => {
    const server = await said(fault);
    expect(at(server, 'status', 'phase')).toBe(fault.phase);
    const message = messageOf(server, 'Ready');
    for (const each of fault.says) expect(message).toMatch(asPattern(each));
    expect(at(server, 'status', 'message')).toBe(message);
    const explaining = conditionOf(server, fault.explains);
    expect(explaining).toMatchObject({ status: 'False', reason: fault.reason });
    expect(message.startsWith(explaining?.message ?? 'nothing')).toBe(true);
  });

  it('is told as an event', async () => {
    const told = await eventually('it is told', async () => {
      const events = await eventsOf(fault.namespace, fault.name);
      const found = events.filter((each) => each.startsWith(`Warning ${fault.reason}: `));
      return found.length > 0 && found;
    });
    expect(told.length).toBeLessThan(4);
    const todo = fault.says.at(-1) ?? '';
    expect(told[0]).toMatch(asPattern(todo));
  });
});

describe('while nobody mends them', () => {
  it('the operator asks seldom', async () => {
    for (const fault of FAULTS) await said(fault);
    // Eight servers; those that were refused are tried again after pauses that grow from five seconds.
    await Promise.all(
      spaces.map((where) =>
        becomesCalm(where, (since) => requestsIn(where, since), { forMs: 6_000, atMost: 12 }),
      ),
    );
  });
});

describe('mended without touching the operator', () => {
  beforeAll(async () => {
    await Promise.all(FAULTS.map(({ mend }) => mend()));
  });

  // What was refused is tried again after a minute at most.
  const patience = { timeoutMs: 120_000 };

  it.each(FAULTS)('$what is over', async ({ name, namespace: where, explains }) => {
    await giveAddress(where, name, patience);
    const server = await until(
      `${name} runs`,
      async () => {
        if (where === pods) await play(pods, name, 'ready');
        return world.must('MCPServer', name, where);
      },
      (now) => at(now, 'status', 'phase') === 'Ready',
      patience,
    );
    expect(conditionLine(server, explains)).toBe('True Observed');
  });
});

function asPattern(text: string | RegExp): RegExp {
  return typeof text === 'string' ? new RegExp(text.replaceAll(/[()[\].*+?^$|\\]/g, '\\$&')) : text;
}
