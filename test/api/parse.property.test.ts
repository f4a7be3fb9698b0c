// Parsing holds for every object, not only for those we thought of.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import type { Kind } from '#api/kind.ts';
import { KINDS } from '#api/kinds.ts';
import { parseResource } from '#api/parse.ts';
import { anyObject, MCPServer } from './build.ts';

/** Objects that often go wrong: a valid spec with a few fields replaced by anything. */
const disturbed = (kind: Kind) =>
  fc
    .dictionary(fc.constantFrom(...Object.keys(kind.spec.shape)), fc.jsonValue(), { maxKeys: 4 })
    .map((changes) => anyObject(kind, changes));

const name = fc.stringMatching(/^[a-z]{1,8}$/);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

/** Valid servers of many shapes, as authors write them. */
const serverSpec = fc.record(
  {
    image: fc.constantFrom('a', 'a:1', 'r.example.org/a@sha256:00'),
    port: maybe(fc.integer({ min: 1, max: 8090 })),
    replicas: maybe(fc.integer({ min: 0, max: 9 })),
    tools: maybe(
      fc.uniqueArray(
        fc.record(
          {
            name,
            sideEffect: fc.constantFrom('read', 'write', 'destructive'),
            requiredTrust: fc.constantFrom('low', 'medium', 'high'),
          },
          { requiredKeys: ['name'] },
        ),
        { selector: (tool) => tool.name },
      ),
    ),
    auth: maybe(fc.record({ mode: fc.constantFrom('none', 'header') }, { requiredKeys: [] })),
    policy: maybe(fc.record({ mode: fc.constantFrom('observe', 'allow-list') }, { requiredKeys: [] })),
    session: maybe(fc.record({ required: fc.boolean() }, { requiredKeys: [] })),
    gateway: maybe(fc.record({ enabled: fc.boolean() }, { requiredKeys: [] })),
    envVars: maybe(fc.array(fc.record({ name, value: fc.string() }), { maxLength: 3 })),
  },
  { requiredKeys: ['image'] },
);

const problem = z.object({ path: z.string().min(1), message: z.string().min(1) });

describe('parseResource', () => {
  it.each(KINDS.map((kind) => ({ name: kind.kind, kind })))(
    'never throws, whatever a $name is',
    ({ kind }) => {
      const anything = fc.oneof(disturbed(kind), fc.anything(), fc.jsonValue());
      fc.assert(
        fc.property(anything, (object) => {
          const parsed = parseResource(kind, object);
          if (!parsed.ok) expect(z.array(problem).min(1).safeParse(parsed.error).success).toBe(true);
        }),
        { numRuns: 300 },
      );
    },
  );

  it('gives what it gave when it reads its own result again, rendered as JSON', () => {
    fc.assert(
      fc.property(serverSpec, (spec) => {
        const once = parseResource(MCPServer, anyObject(MCPServer, spec));
        if (!once.ok) throw new Error(JSON.stringify(once.error));
        const { metadata, spec: defaulted } = once.value;
        const object = {
          apiVersion: 'mcpruntime.org/v1alpha1',
          kind: 'MCPServer',
          metadata,
          spec: defaulted,
        };
        const rendered: unknown = JSON.parse(JSON.stringify(object));
        expect(parseResource(MCPServer, rendered)).toEqual(once);
      }),
      { numRuns: 300 },
    );
  });
});
