// A place in an object that the users of a chart may decide about, with what the program says there.

/** Names on the way to a value: `['operator', 'image']` is `.Values.operator.image`. */
export type ValuePath = readonly string[];

export type SlotKind = 'image' | 'replicas' | 'resources' | 'size' | 'name' | 'host';

export interface Slot {
  /** Of the member in the object. */
  readonly path: readonly (string | number)[];
  readonly at: ValuePath;
  readonly kind: SlotKind;
  /** What the program says, and the default of the chart. */
  readonly value: unknown;
  /** Where the value is a part of the text, what stands before and after it. */
  readonly around?: readonly [before: string, after: string];
}

/** What is at a path of plain data; undefined where there is nothing. */
export function memberAt(value: unknown, path: readonly (string | number)[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null) return undefined;
    found = Object.entries(found).find(([key]) => key === String(name))?.[1];
  }
  return found;
}

/** The entries of a list at a path, each with its own path. */
export function itemsAt(
  value: unknown,
  path: readonly (string | number)[],
): readonly (readonly [item: unknown, path: readonly (string | number)[]])[] {
  const list = memberAt(value, path);
  return Array.isArray(list) ? list.map((item: unknown, index) => [item, [...path, index]] as const) : [];
}

export function textAt(value: unknown, path: readonly (string | number)[]): string | undefined {
  const found = memberAt(value, path);
  return typeof found === 'string' && found !== '' ? found : undefined;
}
