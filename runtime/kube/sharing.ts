// Keeps equal parts of objects once. What one program renders a thousand times is alike in nearly everything: probes,
// security contexts, variables, and who owns which field. Cached objects are frozen, so that they may share their parts.
// It changes no value. Parts that nobody had in common with others for a while are forgotten, because what tells them
// from each other takes more memory than most of them do: then later objects share less.

/** Parts that are remembered at once, in each of two generations. */
const MOST_PARTS = 4_000;
/** What is written longer than this is somebody's own: a document, not a part that others have too. */
const LONGEST_KEY = 4_096;

type Part = Readonly<Record<string, unknown>> | readonly unknown[];

/** A part, and the number that stands for it where it is a part of another. */
interface Known {
  readonly part: Part;
  readonly id: number;
}

function isPart(value: unknown): value is Part {
  return typeof value === 'object' && value !== null;
}

export class Sharing {
  private readonly mostParts: number;
  /** What was met since the last change of generations, and before. */
  private young = new Map<string, Known>();
  private old = new Map<string, Known>();
  private lastId = 0;

  constructor(mostParts: number = MOST_PARTS) {
    this.mostParts = mostParts;
  }

  /** The same JSON value; its parts are those of earlier values where they are equal, members in equal order included. */
  share<Value>(value: Value): Value;
  share(value: unknown): unknown {
    return isPart(value) ? this.known(value).part : value;
  }

  private known(value: Part): Known {
    // Parts first: a part is then known by the numbers of its own parts, and is never written out as a whole.
    const names: string[] = [];
    const members = Object.entries(value).map(([name, member]: [string, unknown]) => {
      const shared = isPart(member) ? this.known(member) : undefined;
      names.push(`${JSON.stringify(name)}:${shared === undefined ? textOf(member) : `#${shared.id}`}`);
      return [name, shared === undefined ? member : shared.part] as const;
    });
    const key = `${Array.isArray(value) ? '[' : '{'}${names.join(',')}`;
    const known = this.young.get(key) ?? this.old.get(key);
    if (known !== undefined) {
      this.remember(key, known);
      return known;
    }
    const part = Array.isArray(value) ? members.map(([, member]) => member) : Object.fromEntries(members);
    const made = { part, id: (this.lastId += 1) };
    if (key.length <= LONGEST_KEY) this.remember(key, made);
    return made;
  }

  private remember(key: string, known: Known): void {
    if (this.young.has(key)) return;
    if (this.young.size >= this.mostParts) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, known);
  }
}

/** Of what is no part. */
function textOf(member: unknown): string {
  return JSON.stringify(member ?? null);
}
