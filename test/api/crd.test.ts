// What Kubernetes asks of a definition, on every field of every kind.
import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { customResourceDefinition } from '#api/crd.ts';
import { KINDS } from '#api/kinds.ts';
import { structuralSchema, type StructuralSchema } from '#api/structural-schema.ts';

const definitions = KINDS.map((kind) => customResourceDefinition(kind, () => 'sha256:00'));

interface Field {
  readonly path: string;
  readonly schema: StructuralSchema;
  /** Whether it has a name of its own; items and values have not. */
  readonly named: boolean;
}

function fieldsOf(schema: StructuralSchema, path: string, named: boolean): readonly Field[] {
  const { properties = {}, items, additionalProperties } = schema;
  return [
    { path, schema, named },
    ...Object.entries(properties).flatMap(([name, of]) => fieldsOf(of, `${path}.${name}`, true)),
    ...(items === undefined ? [] : fieldsOf(items, `${path}[]`, false)),
    ...(additionalProperties === undefined ? [] : fieldsOf(additionalProperties, `${path}.*`, false)),
  ];
}

const fields = definitions.flatMap((definition) => {
  const schema = definition.spec.versions[0]?.schema.openAPIV3Schema;
  if (schema === undefined) throw new Error('no version');
  return fieldsOf(schema, definition.spec.group, true).map((field) => ({
    ...field,
    path: `${definition.metadata.name}:${field.path}`,
  }));
});

const where = (condition: (field: Field) => boolean) => fields.filter(condition).map((field) => field.path);
const ofType = (type: string) => fields.filter((field) => field.schema.type === type);

describe('the definitions', () => {
  it('are of some size, so that what follows means something', () => {
    expect(fields.length).toBeGreaterThan(250);
    expect(ofType('array').length).toBeGreaterThan(20);
  });

  it('explain every field', () => {
    const mute = where(({ schema, named }) => named && (schema.description ?? '').trim().length < 3);
    // Kubernetes describes metadata itself, and refuses a definition that does.
    expect(mute).toEqual(definitions.map(({ metadata }) => `${metadata.name}:mcpruntime.org.metadata`));
  });

  it('bound every list, map and text, which the cost of rules depends on', () => {
    const kubernetesOwn = /\.(apiVersion|kind)$/;
    const text = ({ path, schema }: Field) =>
      schema.enum === undefined &&
      schema.format !== 'date-time' &&
      schema.maxLength === undefined &&
      !kubernetesOwn.test(path);
    expect(ofType('array').filter(({ schema }) => schema.maxItems === undefined)).toEqual([]);
    expect(ofType('string').filter(text)).toEqual([]);
    const maps = fields.filter(({ schema }) => schema.additionalProperties !== undefined);
    expect(maps.length).toBeGreaterThan(5);
    expect(maps.filter(({ schema }) => schema.maxProperties === undefined)).toEqual([]);
  });

  it('say of every list how it merges where items are objects with names', () => {
    const named = ofType('array').filter(({ schema }) => schema['x-kubernetes-list-type'] === 'map');
    expect(named.map(({ path }) => path)).toEqual(
      expect.arrayContaining([
        'mcpservers.mcpruntime.org:mcpruntime.org.spec.tools',
        'mcpaccessgrants.mcpruntime.org:mcpruntime.org.spec.toolRules',
        'mcpservers.mcpruntime.org:mcpruntime.org.status.conditions',
      ]),
    );
    for (const { schema } of named) {
      const [key = ''] = schema['x-kubernetes-list-map-keys'] ?? [];
      expect(schema.items?.required).toContain(key);
    }
  });

  it('give every number its width, with its limits where the API server would not know them', () => {
    const numbers = ofType('integer');
    const ofFormat = (format: string) => numbers.filter(({ schema }) => schema.format === format);
    expect(ofFormat('int32').length + ofFormat('int64').length).toBe(numbers.length);
    const unbounded = ofFormat('int32').filter(({ schema }) => {
      return schema.minimum === undefined || (schema.maximum ?? Infinity) > 2_147_483_647;
    });
    expect(unbounded).toEqual([]);
    expect(ofFormat('int64').filter(({ schema }) => schema.maximum !== undefined)).toEqual([]);
  });

  it('have patterns that Go understands as JavaScript does', () => {
    const patterns = fields.flatMap(({ schema }) => schema.pattern ?? []);
    expect(patterns.length).toBeGreaterThan(20);
    expect(patterns.filter((pattern) => /\(\?|\\u|\\[1-9]|\\[pP]|\\[sSwWbB]/.test(pattern))).toEqual([]);
  });

  it('have the status subresource, columns of fields that exist, and a status that was not looked at yet', () => {
    for (const { metadata, spec } of definitions) {
      const [version] = spec.versions;
      expect(version?.subresources).toEqual({ status: {} });
      expect(version?.schema.openAPIV3Schema.properties?.status?.default).toEqual({ observedGeneration: -1 });
      const known = new Set(fields.map((field) => field.path));
      for (const column of z
        .array(z.object({ jsonPath: z.string() }))
        .parse(version?.additionalPrinterColumns)) {
        if (column.jsonPath.startsWith('.metadata')) continue;
        // An element of a list by what it says, `[?(@.type=="Ready")]`, is one of its elements.
        const path = column.jsonPath.replaceAll(/\[\?\([^\]]*\)\]/g, '[]');
        expect(known).toContain(`${metadata.name}:${spec.group}${path}`);
      }
    }
  });

  it('have no column of a moment to come as a date, of which kubectl shows an age or <invalid>', () => {
    const column = z.object({ type: z.string(), jsonPath: z.string() });
    const dates = definitions.flatMap(({ spec }) =>
      z
        .array(column)
        .parse(spec.versions[0]?.additionalPrinterColumns)
        .filter(({ type }) => type === 'date'),
    );
    expect(new Set(dates.map(({ jsonPath }) => jsonPath))).toEqual(new Set(['.metadata.creationTimestamp']));
  });

  it('carry their rules at spec, where an old object does not block its status', () => {
    const withRules = fields.filter(({ schema }) => schema['x-kubernetes-validations'] !== undefined);
    expect(withRules.map(({ path }) => path)).toEqual(
      definitions.map(({ metadata }) => `${metadata.name}:mcpruntime.org.spec`),
    );
    const counts = withRules.map(({ schema }) => schema['x-kubernetes-validations']?.length);
    expect(counts).toEqual(KINDS.map((kind) => kind.rules.length));
  });

  it('carry the digest of what they say', () => {
    const seen: string[] = [];
    const [kind] = KINDS;
    if (kind === undefined) throw new Error('no kinds');
    const digest = (text: string) => `digest-${seen.push(text)}`;
    const first = customResourceDefinition(kind, digest);
    customResourceDefinition({ ...kind, shortNames: [] }, digest);
    customResourceDefinition(kind, digest);
    expect(first.metadata.annotations).toEqual({ 'mcpruntime.org/schema-digest': 'digest-1' });
    expect(seen[0]).not.toBe(seen[1]);
    expect(seen[0]).toBe(seen[2]);
  });
});

describe('structuralSchema', () => {
  it.each([
    ['a constant', z.object({ a: z.literal('x') })],
    ['alternatives', z.object({ a: z.union([z.string(), z.number()]) })],
    ['null', z.object({ a: z.string().nullable() })],
    ['a tuple', z.object({ a: z.tuple([z.string()]) })],
    ['anything', z.object({ a: z.unknown() })],
    ['a map of anything', z.object({ a: z.array(z.any()) })],
  ])('refuses %s, which a definition cannot hold', (_what, schema) => {
    expect(() => structuralSchema(schema, 'spec')).toThrow(/^spec\.a/);
  });
});
