// The schemas of kinds, as the API server publishes them (OpenAPI 3.0), turned into the JSON schemas that kubeconform reads:
// one file for each kind, with all that it refers to. Closed: a member that the API server would drop is wrong.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { z } from 'zod';
import type { Manifest } from '#constructs/kit/manifest.ts';

type Json = Readonly<Record<string, unknown>>;

const document = z.object({
  components: z.object({ schemas: z.record(z.string(), z.record(z.string(), z.unknown())) }),
});

const kinds = z.array(z.object({ group: z.string(), version: z.string(), kind: z.string() })).default([]);

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const mapped = (value: unknown, change: (member: unknown) => unknown): unknown =>
  isObject(value)
    ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, change(member)]))
    : value;

/** A part of a schema in the words of JSON schema, draft 4, of which OpenAPI 3.0 is a dialect. */
function translated(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  const { $ref, properties, items, additionalProperties, nullable, type, ...rest } = schema;
  if (typeof $ref === 'string') return { $ref: $ref.replace('#/components/schemas/', '#/definitions/') };
  const isOpen = rest['x-kubernetes-preserve-unknown-fields'] === true || properties === undefined;
  const own = { type: rest['x-kubernetes-int-or-string'] === true ? ['integer', 'string'] : type };
  const listed = Array.isArray(rest['allOf']) ? { allOf: rest['allOf'].map(translated) } : {};
  return {
    ...rest,
    ...listed,
    ...(own.type !== undefined && { type: nullable === true ? [own.type, 'null'].flat() : own.type }),
    ...(properties !== undefined && { properties: mapped(properties, translated) }),
    ...(items !== undefined && { items: translated(items) }),
    ...(additionalProperties !== undefined
      ? { additionalProperties: translated(additionalProperties) }
      : isOpen
        ? {}
        : { additionalProperties: false }),
  };
}

/** Names of definitions that a schema refers to, and those refer to. */
function referred(schema: unknown, all: ReadonlyMap<string, unknown>, found: Set<string>): Set<string> {
  if (Array.isArray(schema)) for (const each of schema) referred(each, all, found);
  if (!isObject(schema)) return found;
  const name = typeof schema['$ref'] === 'string' ? schema['$ref'].replace('#/definitions/', '') : '';
  if (name !== '' && !found.has(name)) {
    found.add(name);
    referred(all.get(name), all, found);
  }
  for (const member of Object.values(schema)) referred(member, all, found);
  return found;
}

const fileName = (apiVersion: string, kind: string) => {
  const [group = '', version = group] = apiVersion.split('/');
  return `${group}_${version}_${kind.toLowerCase()}.json`;
};

/** Schemas of all kinds of a group's version, by the names of their files. */
function schemaFiles(openApi: unknown): ReadonlyMap<string, object> {
  const { components } = document.parse(openApi);
  const all = new Map(Object.entries(components.schemas).map(([name, each]) => [name, translated(each)]));
  const files = new Map<string, object>();
  for (const [name, schema] of Object.entries(components.schemas)) {
    // Options of a request are kinds of every group.
    const [own, ...others] = kinds.parse(schema['x-kubernetes-group-version-kind']);
    if (own === undefined || others.length > 0) continue;
    const root = { $ref: `#/definitions/${name}` };
    const definitions = [...referred(root, all, new Set())].map((each) => [each, all.get(each)] as const);
    files.set(fileName(own.group === '' ? own.version : `${own.group}/${own.version}`, own.kind), {
      $schema: 'http://json-schema.org/draft-04/schema#',
      ...root,
      definitions: Object.fromEntries(definitions),
    });
  }
  return files;
}

/**
 * Writes the schemas of the kinds that these objects are of, where they are not there already.
 * @param openApi answers with what the API server publishes at a path
 */
export async function writeKindSchemas(
  folder: string,
  objects: readonly Manifest[],
  openApi: (path: string) => Promise<unknown>,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const missing = objects.filter(
    ({ apiVersion, kind }) => !existsSync(path.join(folder, fileName(apiVersion, kind))),
  );
  for (const [apiVersion, own] of Map.groupBy(missing, (each) => each.apiVersion)) {
    const place = apiVersion.includes('/') ? 'apis' : 'api';
    const files = schemaFiles(await openApi(`/openapi/v3/${place}/${apiVersion}`));
    for (const name of new Set(own.map(({ kind }) => fileName(apiVersion, kind)))) {
      const schema = files.get(name);
      if (schema === undefined) throw new Error(`the API server publishes no schema for ${name}`);
      writeFileSync(path.join(folder, name), JSON.stringify(schema));
    }
  }
}
