// Rates and what audit keeps are policy: they reach proxies in the document, so that setting one replaces no pod, and
// what makes no sense is refused with its field.
import { describe, expect, it } from '@jest/globals';
import { aServer, becomes, isObserved, make } from './harness/builders.ts';
import { cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { namespace } from './harness/namespace.ts';
import { at, type KubeObject } from './harness/objects.ts';
import { policyBecomes, policyOf } from './harness/policies.ts';

const world = cluster();
const ns = namespace('limits');

const LOOK = { name: 'look', sideEffect: 'read' };
const GOVERNED = { gateway: { enabled: true }, tools: [LOOK] };
const RATED = {
  policy: { subjectRate: { perMinute: 120, burst: 20 } },
  tools: [{ ...LOOK, rate: { perMinute: 6, burst: 2 } }],
  audit: { arguments: 'digest', redact: ['human_id'] },
};

const shape = (deployment: KubeObject) => [
  deployment.metadata.uid,
  deployment.metadata.generation,
  at(deployment, 'spec', 'template'),
];

describe('a rate of callers, of a tool, and what audit leaves out', () => {
  it('are in the policy, and in no pod template', async () => {
    await make(aServer(ns, 'rated', GOVERNED));
    const before = shape(await becomes('Deployment', ns, 'rated', isObserved, true));
    const { revision } = await eventually('its policy is there', () => policyOf(ns, 'rated'));

    await world.patch('MCPServer', 'rated', ns, { spec: RATED });
    await policyBecomes(
      ns,
      'rated',
      ({ document }) => [
        document.limits,
        document.tools[0]?.rate,
        document.audit.arguments,
        document.audit.redact,
      ],
      [{ subjectRate: { perMinute: 120, burst: 20 } }, { perMinute: 6, burst: 2 }, 'digest', ['human_id']],
    );
    const changed = await policyOf(ns, 'rated');
    expect(changed?.revision).not.toBe(revision);
    // A proxy that knows nothing of rates denies rather than letting all through.
    expect(changed?.requires).toContain('rates');

    await world.patch('MCPServer', 'rated', ns, {
      spec: { policy: null, tools: [LOOK], audit: null },
    });
    await policyBecomes(ns, 'rated', ({ document }) => document.revision, revision);
    expect(shape(await world.must('Deployment', 'rated', ns))).toEqual(before);
    expect(await world.list('ReplicaSet', ns, 'app=rated')).toHaveLength(1);
  });

  it.each<[string, object]>([
    ['spec.policy.subjectRate.perMinute', { policy: { subjectRate: { perMinute: 0 } } }],
    ['spec.policy.subjectRate.perMinute', { policy: { subjectRate: { burst: 5 } } }],
    ['spec.policy.subjectRate.burst', { policy: { subjectRate: { perMinute: 60, burst: 0 } } }],
    ['spec.tools[0].rate.perMinute', { tools: [{ ...LOOK, rate: { perMinute: -1 } }] }],
    ['spec.tools[0].rate.burst', { tools: [{ ...LOOK, rate: { perMinute: 60, burst: 'many' } }] }],
    ['spec.tools[0].rate.perHour', { tools: [{ ...LOOK, rate: { perMinute: 60, perHour: 5 } }] }],
    ['spec.audit.arguments', { audit: { arguments: 'all' } }],
    ['spec.audit.redact[0]', { audit: { redact: ['decision'] } }],
  ])('are refused where they make no sense, with the field: %s', async (path, spec) => {
    const refused = await world.apply(aServer(ns, 'refused', { ...GOVERNED, ...spec }), {
      allowFailure: true,
    });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(path);
    expect(await world.get('MCPServer', 'refused', ns)).toBeUndefined();
  });
});
