// The shape of the admission policies; what they decide is tried on real API servers.
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { TOMBSTONES_CONFIG_MAP } from '#constructs/control-plane/names.ts';
import { TOMBSTONE_MAP } from '#runtime/policy-book/tombstone-map.ts';
import { objectsOf } from './build.ts';

const policy = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.strictObject({
    failurePolicy: z.string(),
    matchConstraints: z.strictObject({
      resourceRules: z.tuple([
        z.strictObject({
          apiGroups: z.array(z.string()),
          apiVersions: z.array(z.string()),
          resources: z.array(z.string()),
          operations: z.array(z.string()),
        }),
      ]),
    }),
    matchConditions: z.array(z.strictObject({ name: z.string(), expression: z.string() })),
    variables: z.array(z.strictObject({ name: z.string(), expression: z.string() })),
    validations: z.array(
      z.strictObject({
        expression: z.string(),
        messageExpression: z.string(),
        message: z.string(),
        reason: z.string(),
      }),
    ),
  }),
});

const ofKind = (kind: string) => objectsOf().filter((object) => object.kind === kind);
const policies = ofKind('ValidatingAdmissionPolicy').map((object) => policy.parse(object));

describe('the admission policies', () => {
  it('are about grants, sessions, ConfigMaps and Secrets, and not about their status', () => {
    const about = policies.map(({ spec }) => spec.matchConstraints.resourceRules[0]);
    expect(about.map(({ resources, operations }) => [...resources, ...operations].join(' '))).toEqual([
      'mcpaccessgrants CREATE UPDATE',
      'mcpagentsessions CREATE UPDATE',
      'configmaps CREATE UPDATE DELETE',
      'secrets CREATE UPDATE DELETE',
    ]);
  });

  it('protect the ConfigMap in which the operator keeps tombstones', () => {
    expect(TOMBSTONES_CONFIG_MAP).toBe(TOMBSTONE_MAP);
    const about = policies.map(({ spec }) => JSON.stringify(spec.matchConditions));
    expect(about.filter((text) => text.includes(`'${TOMBSTONE_MAP}'`))).toHaveLength(1);
  });

  it('refuse what they can not decide, and are in force', () => {
    for (const { metadata, spec } of policies) {
      expect(spec.failurePolicy).toBe('Fail');
      expect(spec.validations.map(({ reason }) => reason)).toEqual(spec.validations.map(() => 'Forbidden'));
      const bindings = ofKind('ValidatingAdmissionPolicyBinding').filter(
        (binding) => binding.metadata.name === metadata.name,
      );
      expect(bindings.map((binding) => binding.spec)).toEqual([
        { policyName: metadata.name, validationActions: ['Deny'] },
      ]);
    }
  });

  it('ask for rights that some role holds', () => {
    const asked = policies.flatMap(({ spec }) =>
      spec.validations.flatMap(({ expression }) =>
        [...expression.matchAll(/\.check\('([a-z]+)'\)/g)].map(([, verb]) => verb),
      ),
    );
    expect(new Set(asked)).toEqual(new Set(['grant', 'consent', 'compile']));
    const held = JSON.stringify(ofKind('ClusterRole').map(({ rules }) => rules));
    for (const verb of new Set(asked)) expect(held).toContain(JSON.stringify(verb));
  });

  it('use variables that they have, before which no other stands that they need', () => {
    for (const { spec } of policies) {
      const known = new Set<string | undefined>();
      const used = (text: string) => [...text.matchAll(/variables\.(\w+)/g)].map(([, name]) => name);
      for (const { name, expression } of spec.variables) {
        expect(used(expression).filter((each) => !known.has(each))).toEqual([]);
        known.add(name);
      }
      const texts = spec.validations.flatMap((each) => [each.expression, each.messageExpression]);
      expect(texts.flatMap(used).filter((each) => !known.has(each))).toEqual([]);
    }
  });
});
