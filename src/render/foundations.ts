// What others can't exist without, found by what they ask for: a program may have a namespace for every team, and asking
// each object about each namespace would take time as the square of both.
import type { Manifest } from '#constructs/kit/manifest.ts';
import { definedGroup, groupOf, isDefinition, isNamespace } from './needs.ts';

/** Namespaces and definitions, each with what stands for it; anything else is not kept. */
export class Foundations<T> {
  readonly #namespaces = new Map<string, T[]>();
  readonly #groups = new Map<string, T[]>();

  add(manifest: Manifest, standsFor: T): void {
    if (isNamespace(manifest)) append(this.#namespaces, manifest.metadata.name, standsFor);
    else if (isDefinition(manifest)) append(this.#groups, definedGroup(manifest), standsFor);
  }

  /** Of what an object can't exist before: its namespace, and the definitions of its group's kinds. */
  neededBy(manifest: Manifest): readonly T[] {
    const { namespace } = manifest.metadata;
    const namespaces = namespace === undefined ? [] : (this.#namespaces.get(namespace) ?? []);
    return [...namespaces, ...(this.#groups.get(groupOf(manifest)) ?? [])];
  }
}

function append<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
