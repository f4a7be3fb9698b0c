// Which objects are about a server: those whose reference resolves to it and whose namespace it accepts. Read from the
// raw object, because an object that is invalid otherwise is still about its server.
import { z } from 'zod';
import type { McpServer } from '#api/mcp-server.ts';
import { objectKey, type ObjectRef } from '#api/principal.ts';

const identity = z.object({
  metadata: z.object({ name: z.string().min(1), namespace: z.string().nullish() }),
});

const reference = z.object({
  spec: z.object({ serverRef: z.object({ name: z.string(), namespace: z.string().nullish() }) }),
});

/** What an object without a namespace belongs to. */
export const DEFAULT_NAMESPACE = 'default';

/**
 * `unbound`: it refers to no server that can be read, or to another one.
 * `namespace_not_allowed`: it refers to this server, whose `spec.access.fromNamespaces` does not list its namespace.
 */
export type Binding = 'bound' | 'unbound' | 'namespace_not_allowed';

/** An object as it was given, and what could be read of who it is. */
export interface RawObject {
  readonly ref: ObjectRef;
  readonly raw: unknown;
}

/** Name and namespace of a raw object; without a name it can't be attributed, and counts for nothing. */
export function identify(raw: unknown): RawObject {
  const read = identity.safeParse(raw);
  if (!read.success) return { ref: { namespace: DEFAULT_NAMESPACE, name: '' }, raw };
  const { name, namespace } = read.data.metadata;
  return { ref: { namespace: namespace ?? DEFAULT_NAMESPACE, name }, raw };
}

export function serverRefOf(server: McpServer): ObjectRef {
  return { namespace: server.metadata.namespace ?? DEFAULT_NAMESPACE, name: server.metadata.name };
}

export function bindingOf({ ref, raw }: RawObject, server: McpServer): Binding {
  const read = reference.safeParse(raw);
  if (!read.success || ref.name === '') return 'unbound';
  const { name, namespace } = read.data.spec.serverRef;
  const target = serverRefOf(server);
  if (objectKey({ namespace: namespace ?? ref.namespace, name }) !== objectKey(target)) return 'unbound';
  const allowed = server.spec.access?.fromNamespaces ?? [];
  return ref.namespace === target.namespace || allowed.includes(ref.namespace)
    ? 'bound'
    : 'namespace_not_allowed';
}

/** Keys that several objects of one kind have; nobody can tell which of them is meant. */
export function duplicateKeys(objects: readonly RawObject[]): ReadonlySet<string> {
  const keys = objects.map(({ ref }) => objectKey(ref));
  const seen = new Set<string>();
  return new Set(keys.filter((key) => seen.has(key) || !seen.add(key)));
}
