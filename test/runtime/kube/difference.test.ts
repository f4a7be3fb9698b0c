import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { differences } from '#runtime/kube/difference.ts';
import { isKubeObject } from '#runtime/kube/json.ts';
import type { KubeObject, ManagedFieldsEntry } from '#runtime/kube/object.ts';
import { applied } from './fake-managers.ts';
import { configMap } from './things.ts';

const ME = 'operator';

/** Written by hand after what Kubernetes 1.36 answers: with defaults, normal forms, and the owners it records. */
const WANTED: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { namespace: 'team', name: 'files', labels: { app: 'files' }, annotations: {} },
  spec: {
    minReadySeconds: 0,
    selector: { matchLabels: { app: 'files' } },
    template: {
      metadata: { labels: { app: 'files' } },
      spec: {
        hostNetwork: false,
        nodeSelector: { disk: 'fast' },
        imagePullSecrets: [],
        containers: [
          {
            name: 'server',
            image: 'files:1',
            args: ['--root', '/data'],
            env: [
              { name: 'EMPTY', value: '' },
              { name: 'LIMIT', value: '1000m' },
              { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
            ],
            ports: [{ containerPort: 53, protocol: 'UDP' }, { containerPort: 53 }],
            resources: { limits: { cpu: '1000m', memory: '1024Mi' }, requests: { cpu: 0.5 } },
          },
        ],
        volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '1024Mi' } }],
      },
    },
  },
};

const CONTAINER_FIELDS = {
  '.': {},
  'f:name': {},
  'f:image': {},
  'f:args': {},
  'f:env': {
    'k:{"name":"EMPTY"}': { '.': {}, 'f:name': {}, 'f:value': {} },
    'k:{"name":"LIMIT"}': { '.': {}, 'f:name': {}, 'f:value': {} },
    'k:{"name":"POD"}': { '.': {}, 'f:name': {}, 'f:valueFrom': { 'f:fieldRef': {} } },
  },
  'f:ports': {
    'k:{"containerPort":53,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} },
    'k:{"containerPort":53,"protocol":"UDP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
  },
  'f:resources': { 'f:limits': { 'f:cpu': {}, 'f:memory': {} }, 'f:requests': { 'f:cpu': {} } },
};

const ENTRY: ManagedFieldsEntry = {
  manager: ME,
  operation: 'Apply',
  apiVersion: 'apps/v1',
  fieldsType: 'FieldsV1',
  fieldsV1: {
    'f:metadata': { 'f:annotations': {}, 'f:labels': { 'f:app': {} } },
    'f:spec': {
      'f:minReadySeconds': {},
      'f:selector': {},
      'f:template': {
        'f:metadata': { 'f:labels': { 'f:app': {} } },
        'f:spec': {
          'f:hostNetwork': {},
          'f:nodeSelector': {},
          'f:containers': { 'k:{"name":"server"}': CONTAINER_FIELDS },
          'f:volumes': { 'k:{"name":"tmp"}': { '.': {}, 'f:name': {}, 'f:emptyDir': { 'f:sizeLimit': {} } } },
        },
      },
    },
  },
};

const REVISION: ManagedFieldsEntry = {
  manager: 'kube-controller-manager',
  operation: 'Update',
  subresource: 'status',
  fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:deployment.kubernetes.io/revision': {} } } },
};

const LIVE_CONTAINER = {
  name: 'server',
  image: 'files:1',
  args: ['--root', '/data'],
  env: [
    { name: 'EMPTY' },
    { name: 'LIMIT', value: '1000m' },
    { name: 'POD', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } },
  ],
  ports: [
    { containerPort: 53, protocol: 'UDP' },
    { containerPort: 53, protocol: 'TCP' },
  ],
  resources: { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '500m' } },
  imagePullPolicy: 'IfNotPresent',
  terminationMessagePath: '/dev/termination-log',
};

const LIVE: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    namespace: 'team',
    name: 'files',
    uid: 'u-1',
    resourceVersion: '7',
    generation: 1,
    labels: { app: 'files' },
    annotations: { 'deployment.kubernetes.io/revision': '1' },
    managedFields: [ENTRY, REVISION],
  },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: 'files' } },
    template: {
      metadata: { labels: { app: 'files' } },
      spec: {
        nodeSelector: { disk: 'fast' },
        containers: [LIVE_CONTAINER],
        volumes: [{ name: 'tmp', emptyDir: { sizeLimit: '1Gi' } }],
        restartPolicy: 'Always',
      },
    },
  },
  status: { replicas: 1 },
};

/** A copy of the object with one piece of its JSON replaced, which has to be there. */
function edited(object: KubeObject, from: string, to: string): KubeObject {
  const text = JSON.stringify(object);
  if (!text.includes(from)) throw new Error(`there is no ${from}`);
  const copy: unknown = JSON.parse(text.replace(from, to));
  return isKubeObject(copy) ? copy : object;
}

describe('the differences that an apply would make', () => {
  it('are none where the server only added defaults and wrote values in its own way', () => {
    expect(differences(WANTED, LIVE, ME)).toEqual([]);
  });

  it('know no identity, no status and no members that are not there', () => {
    const wanted = {
      ...WANTED,
      metadata: { ...WANTED.metadata, uid: 'another', resourceVersion: '1', finalizers: undefined },
      status: { replicas: 9 },
      extra: undefined,
      nothing: null,
    };
    const body: KubeObject = { ...wanted, metadata: { ...wanted.metadata, finalizers: [] } };
    expect(differences(body, LIVE, ME)).toEqual([]);
  });

  const CONTAINER = 'spec.template.spec.containers[{"name":"server"}]';

  it.each([
    ['a value', '"image":"files:1"', '"image":"files:2"', [`${CONTAINER}.image: differs`]],
    [
      'a text that looks like a quantity',
      '"value":"1000m"',
      '"value":"1"',
      [`${CONTAINER}.env[{"name":"LIMIT"}].value: differs`],
    ],
    ['a quantity', '"cpu":"1000m"', '"cpu":"1001m"', [`${CONTAINER}.resources.limits.cpu: differs`]],
    ['a list owned as a whole', '["--root","/data"]', '["--root"]', [`${CONTAINER}.args: differs`]],
    ['the order in it', '["--root","/data"]', '["/data","--root"]', [`${CONTAINER}.args: differs`]],
    [
      'a new member',
      '"hostNetwork":false',
      '"hostNetwork":false,"hostPID":true',
      ['spec.template.spec.hostPID: not ours'],
    ],
    [
      'a new label',
      '"labels":{"app":"files"}',
      '"labels":{"app":"files","a/b":"c"}',
      ['metadata.labels["a/b"]: not ours'],
    ],
    ['a removed member', '"minReadySeconds":0,', '', ['spec.minReadySeconds: no longer wanted']],
    [
      'a member of a map owned as a whole',
      '{"disk":"fast"}',
      '{"disk":"slow"}',
      ['spec.template.spec.nodeSelector: differs'],
    ],
    [
      'a removed element',
      '{"name":"EMPTY","value":""},',
      '',
      [`${CONTAINER}.env[{"name":"EMPTY"}]: no longer wanted`],
    ],
    [
      'a new element',
      '"env":[',
      '"env":[{"name":"NEW","value":"x"},',
      [`${CONTAINER}.env[{"name":"NEW"}]: not ours`],
    ],
    [
      'a removed default of a key',
      ',"protocol":"UDP"',
      ',"protocol":"SCTP"',
      [
        `${CONTAINER}.ports[new]: not ours`,
        `${CONTAINER}.ports[{"containerPort":53,"protocol":"UDP"}]: no longer wanted`,
      ],
    ],
  ])('tell of %s', (_what, from, to, expected) => {
    expect(differences(edited(WANTED, from, to), LIVE, ME)).toEqual(expected);
  });

  it('tell of another order of keyed elements', () => {
    const port = '{"containerPort":53,"protocol":"UDP"}';
    const wanted = edited(WANTED, `[${port},{"containerPort":53}]`, `[{"containerPort":53},${port}]`);
    expect(differences(wanted, LIVE, ME)).toEqual([`${CONTAINER}.ports: other order`]);
  });

  it.each([
    ['changed a value of ours', '"image":"files:1"', '"image":"files:9"'],
    ['removed an element of ours', '{"name":"LIMIT","value":"1000m"},', ''],
    ['changed what is in a whole that is ours', '"fieldPath":"metadata.name"', '"fieldPath":"metadata.uid"'],
    ['took a field over', '"f:image":{},', ''],
    ['removed a value of ours', '"sizeLimit":"1Gi"', ''],
  ])('tell that somebody %s', (_what, from, to) => {
    expect(differences(WANTED, edited(LIVE, from, to), ME)).toHaveLength(1);
  });

  it('leave to others what they added beside ours', () => {
    const beside = edited(LIVE, '"labels":{"app":"files"}', '"labels":{"app":"files","their":"label"}');
    expect(differences(WANTED, beside, ME)).toEqual([]);
    const element = edited(LIVE, '"env":[', '"env":[{"name":"THEIRS"},');
    expect(differences(WANTED, element, ME)).toEqual([]);
  });

  it('tell a member that was applied once in a whole from a default of the server', () => {
    const selector = '"matchLabels":{"app":"files"}';
    const before = edited(LIVE, selector, '"matchLabels":{"app":"files","tier":"web"}');
    expect(differences(WANTED, before, ME)).toEqual(['spec.selector.matchLabels.tier: no longer wanted']);
  });

  it('are everything for a manager that has applied nothing', () => {
    expect(differences(WANTED, LIVE, 'another')).toEqual(['spec: not ours', 'metadata: not ours']);
    const updatedOnly = edited(LIVE, '"operation":"Apply"', '"operation":"Update"');
    expect(differences(WANTED, updatedOnly, ME)).toEqual(['spec: not ours', 'metadata: not ours']);
  });

  it('tell of fields that were applied in another version of the kind', () => {
    const older = edited(
      LIVE,
      '"operation":"Apply","apiVersion":"apps/v1"',
      '"operation":"Apply","apiVersion":"apps/v1beta1"',
    );
    expect(differences(WANTED, older, ME)).toEqual(['apiVersion: applied as apps/v1beta1']);
  });

  it('never hold a value', () => {
    const secret = configMap('a', { password: 'hunter2' });
    const live = applied(undefined, configMap('a', { password: 'old' }), {
      manager: ME,
      force: true,
      subresource: '',
    });
    expect(live.ok).toBe(true);
    if (live.ok) expect(differences(secret, live.object, ME)).toEqual(['data.password: differs']);
  });
});

const env = fc.uniqueArray(
  fc.record({ name: fc.constantFrom('A', 'B', 'C'), value: fc.string({ maxLength: 2 }) }),
  {
    selector: ({ name }) => name,
    minLength: 1,
  },
);
/** Members keep their types from one document to the next, as they do under a schema. */
const tree = fc.letrec<{ node: Readonly<Record<string, unknown>> }>((tie) => ({
  node: fc
    .record(
      {
        flag: fc.boolean(),
        text: fc.string({ maxLength: 3 }),
        list: fc.array(fc.integer(), { minLength: 1, maxLength: 3 }),
        nodeSelector: fc.dictionary(fc.constantFrom('a', 'b'), fc.string({ maxLength: 1 })),
        env,
        containers: env,
        inner: fc.oneof({ maxDepth: 3 }, fc.record({ count: fc.integer() }), tie('node')),
        other: fc.oneof({ maxDepth: 2 }, fc.record({ count: fc.integer() }), tie('node')),
      },
      { requiredKeys: [] },
    )
    .filter((members) => Object.keys(members).length > 0),
}));
const spec = tree.node;

function thing(body: Readonly<Record<string, unknown>>): KubeObject {
  return {
    apiVersion: 'example.org/v1',
    kind: 'Thing',
    metadata: { namespace: 'team', name: 'a' },
    spec: body,
  };
}

function afterApply(live: KubeObject | undefined, wanted: KubeObject, manager: string): KubeObject {
  const result = applied(live, wanted, { manager, force: true, subresource: '' });
  if (!result.ok) throw new Error('a forced apply has conflicts');
  return result.object;
}

describe('for any document', () => {
  it('there is no difference after it was applied, whatever was before and whoever applies elsewhere', () => {
    fc.assert(
      fc.property(spec, spec, (before, wanted) => {
        const live = afterApply(afterApply(undefined, thing(before), ME), thing(wanted), ME);
        expect(differences(thing(wanted), live, ME)).toEqual([]);
        const other = afterApply(live, { ...thing({}), other: before }, 'another');
        expect(differences(thing(wanted), other, ME)).toEqual([]);
      }),
    );
  });

  it('there is a difference exactly where applying another one changes the object', () => {
    fc.assert(
      fc.property(spec, spec, (before, wanted) => {
        const live = afterApply(undefined, thing(before), ME);
        const next = afterApply(live, thing(wanted), ME);
        const isChanged = JSON.stringify(sorted(next)) !== JSON.stringify(sorted(live));
        expect(differences(thing(wanted), live, ME).length > 0).toBe(isChanged);
      }),
      { numRuns: 300 },
    );
  });

  it('there is a difference once another manager has taken a field of it', () => {
    fc.assert(
      fc.property(spec, spec, (wanted, taken) => {
        const live = afterApply(undefined, thing(wanted), ME);
        const after = afterApply(live, thing(taken), 'another');
        const entry = after.metadata.managedFields?.find(({ manager }) => manager === ME);
        const lost =
          JSON.stringify(entry?.fieldsV1) !== JSON.stringify(live.metadata.managedFields?.[0]?.fieldsV1);
        if (lost) expect(differences(thing(wanted), after, ME)).not.toEqual([]);
      }),
    );
  });
});

/** With members in one order, so that texts compare; the order of lists stays. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]: [string, unknown]) => [name, sorted(member)]),
  );
}
