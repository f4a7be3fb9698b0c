// What an API server would add to the objects of a program: when each was first seen, and a resource version that
// only grows. Policy needs both: sessions live from their creation, and proxies refuse what is older than what they have.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { readJson, writeJson } from './state-dir.ts';

const entry = z.object({
  createdAt: z.iso.datetime({ precision: null }),
  resourceVersion: z.number().int().positive(),
  digest: z.string(),
});

const fileSchema = z.object({
  lastVersion: z.number().int().nonnegative(),
  objects: z.record(z.string(), entry),
});

/** An object as a program renders it. */
export interface RenderedObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
  readonly spec?: unknown;
}

export interface Registration {
  readonly createdAt: string;
  readonly resourceVersion: string;
}

export class ObjectBook {
  private readonly file: string;
  private lastVersion: number;
  private objects: Map<string, z.output<typeof entry>>;

  constructor(file: string) {
    this.file = file;
    const saved = readJson(file, fileSchema);
    this.lastVersion = saved?.lastVersion ?? 0;
    this.objects = new Map(Object.entries(saved?.objects ?? {}));
  }

  /**
   * Takes the objects of one rendering for what exists now: new ones are created, changed ones get the next version,
   * those that are gone are forgotten (and count as new when they come back). Resolves once that is on disk.
   */
  async register(objects: readonly RenderedObject[], nowMs: number): Promise<void> {
    const next = new Map<string, z.output<typeof entry>>();
    for (const object of objects) {
      const key = keyOf(object);
      const digest = createHash('sha256')
        .update(JSON.stringify(object.spec ?? null))
        .digest('hex');
      const known = this.objects.get(key);
      if (known?.digest === digest) next.set(key, known);
      else {
        const createdAt = known?.createdAt ?? new Date(nowMs).toISOString();
        next.set(key, { createdAt, digest, resourceVersion: (this.lastVersion += 1) });
      }
    }
    const removed = [...this.objects.keys()].some((key) => !next.has(key));
    // A removal is a change too: without it a proxy could not tell the document before from the one after.
    if (removed) this.lastVersion += 1;
    this.objects = next;
    await writeJson(this.file, { lastVersion: this.lastVersion, objects: Object.fromEntries(next) });
  }

  find(object: RenderedObject): Registration | undefined {
    const known = this.objects.get(keyOf(object));
    return known && { createdAt: known.createdAt, resourceVersion: String(known.resourceVersion) };
  }

  /** The version of the newest change, of whatever kind; like an API server's, one counter serves all. */
  get version(): string {
    return String(this.lastVersion);
  }

  /** Counts a change that no object of the program shows, such as a revocation. */
  async bump(): Promise<void> {
    this.lastVersion += 1;
    await writeJson(this.file, { lastVersion: this.lastVersion, objects: Object.fromEntries(this.objects) });
  }
}

function keyOf(object: RenderedObject): string {
  return `${object.kind}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;
}
