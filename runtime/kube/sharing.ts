// Keeps equal parts of objects once. What one program renders a thousand times is alike in nearly everything: probes,
// security contexts, variables, and who owns which field. Cached objects are frozen, so that they may share their parts.
// It changes no value, and forgets parts rather than grow without bound: then later objects share less.

/** Parts that are remembered at once. */
const MOST_PARTS = 50_000;

type Part = Readonly<Record<string, unknown>> | readonly unknown[];

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null;
}

export class Sharing {
  private readonly mostParts: number;
  private readonly known = new Map<string, Part>();
  private readonly ids = new WeakMap<Part, number>();
  private lastId = 0;

  constructor(mostParts: number = MOST_PARTS) {
    this.mostParts = mostParts;
  }

  /** The same JSON value; its parts are those of earlier values where they are equal, members in equal order included. */
  share<Value>(value: Value): Value;
  share(value: unknown): unknown {
    return isPart(value) ? this.part(value) : value;
  }

  private part(value: Part): Part {
    // Parts first: a part is then known by the identities of its own parts, and is never written out as a whole.
    const members = Object.entries(value).map(
      ([name, member]: [string, unknown]) => [name, this.share(member)] as const,
    );
    const names = members.map(([name, member]) => `${JSON.stringify(name)}:${this.keyOf(member)}`);
    const key = `${Array.isArray(value) ? '[' : '{'}${names.join(',')}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    const made = Array.isArray(value) ? members.map(([, member]) => member) : Object.fromEntries(members);
    if (this.known.size >= this.mostParts) this.known.clear();
    this.known.set(key, made);
    this.ids.set(made, (this.lastId += 1));
    return made;
  }

  private keyOf(member: unknown): string {
    return isPart(member) ? `#${this.ids.get(member) ?? 0}` : JSON.stringify(member ?? null);
  }
}
