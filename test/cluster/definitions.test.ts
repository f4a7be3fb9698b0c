// Our kinds as the API server took them, and as kubectl shows them.
import { describe, expect, it } from '@jest/globals';
import { customResourceDefinition } from '#api/crd.ts';
import { KINDS } from '#api/kinds.ts';
import type { StructuralSchema } from '#api/structural-schema.ts';
import { cluster } from './harness/cluster.ts';
import { namespace } from './harness/namespace.ts';
import { at, conditionLine, items } from './harness/objects.ts';

const world = cluster();
const ns = namespace('definitions');

const kinds = KINDS.map((kind) => ({ kind, name: `${kind.plural}.mcpruntime.org` }));

/** `spec.gateway.port`, for every field that has a name. */
function fieldsOf(schema: StructuralSchema, path: string): readonly string[] {
  const inner = schema.items ?? schema.additionalProperties ?? schema;
  return Object.entries(inner.properties ?? {}).flatMap(([name, of]) => {
    const own = path === '' ? name : `${path}.${name}`;
    return [own, ...fieldsOf(of, own)];
  });
}

describe('the definitions on the API server', () => {
  it.each(kinds)('$name is established, with nothing to complain about', async ({ name }) => {
    const definition = await world.must('CustomResourceDefinition', name);
    expect(conditionLine(definition, 'Established')).toBe('True InitialNamesAccepted');
    expect(conditionLine(definition, 'NamesAccepted')).toBe('True NoConflicts');
    // The API server names a schema here that is not structural.
    expect(conditionLine(definition, 'NonStructuralSchema')).toBe('absent');
    expect(at(definition, 'status', 'storedVersions')).toEqual(['v1alpha1']);
  });

  it.each(kinds)('$name is taken as it is written, with every rule', async ({ kind, name }) => {
    const definition = await world.must('CustomResourceDefinition', name);
    const spec = at(definition, 'spec', 'versions', 0, 'schema', 'openAPIV3Schema', 'properties', 'spec');
    const rules = items(spec, 'x-kubernetes-validations').map((each) => at(each, 'rule'));
    expect(rules).toEqual(kind.rules.map(({ rule }) => rule));
  });

  it.each(kinds)('$name is known to kubectl by its short names, with its columns', async ({ kind }) => {
    for (const name of [kind.plural, kind.singular, ...kind.shortNames]) {
      const { stdout, stderr } = await world.kubectl(['get', name, '-n', ns, '-o', 'wide']);
      expect(stdout + stderr).toMatch(/^No resources found/);
    }
    const definition = await world.must('CustomResourceDefinition', `${kind.plural}.mcpruntime.org`);
    const columns = items(definition, 'spec', 'versions', 0, 'additionalPrinterColumns');
    expect(columns.map((column) => at(column, 'name'))).toEqual(kind.printerColumns.map(({ name }) => name));
  });

  it.each(kinds)('$name is explained, every field of it', async ({ kind }) => {
    const [version] = customResourceDefinition(kind, () => '').spec.versions;
    if (version === undefined) throw new Error('no version');
    const { spec, status } = version.schema.openAPIV3Schema.properties ?? {};
    if (spec === undefined || status === undefined) throw new Error('no spec');
    const names = [...fieldsOf(spec, 'spec'), ...fieldsOf(status, 'status')];
    expect(names.length).toBeGreaterThan(20);

    const { stdout } = await world.kubectl(['explain', kind.plural, '--recursive']);
    const leaves = new Set(stdout.split('\n').map((line) => line.trim().split(/\s/)[0]));
    expect(names.map((name) => name.split('.').at(-1)).filter((name) => !leaves.has(name))).toEqual([]);

    const schema = await world.send('/openapi/v3/apis/mcpruntime.org/v1alpha1');
    const document: unknown = JSON.parse(schema.text);
    const served = at(document, 'components', 'schemas', `org.mcpruntime.v1alpha1.${kind.kind}`);
    const mute = names.filter((name) => describedIn(served, name).length < 3);
    expect(mute).toEqual([]);
  });
});

/** What `kubectl explain` prints of a field: it reads the same document. */
function describedIn(schema: unknown, path: string): string {
  let found = schema;
  for (const name of path.split('.')) {
    const inner = at(found, 'items') ?? at(found, 'additionalProperties') ?? found;
    found = at(inner, 'properties', name);
  }
  const description = at(found, 'description');
  return typeof description === 'string' ? description : '';
}
