// Tombstones as ConfigMaps hold them: one key a revoked object, so that two writers add theirs without reading, and a
// damaged entry costs itself alone. A namespace begins with one ConfigMap and gets further ones as they fill up.
import { z } from 'zod';
import type { Problem } from '#api/result.ts';
import type { Tombstone } from '#policy/compile.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { recordAt } from '#runtime/kube/json-path.ts';

export const TOMBSTONE_MAP = 'mcp-runtime-tombstones';
export const TOMBSTONE_LABEL = 'mcpruntime.org/tombstones';

/** ConfigMaps in one namespace; more than a hundred thousand tombstones. */
export const MAX_SHARDS = 32;
/** Bytes of keys and values in one ConfigMap; the API server takes 1 MiB. */
export const SHARD_BYTES = 768 * 1024;

/** `mcp-runtime-tombstones`, `mcp-runtime-tombstones-2`, … */
export function shardName(number: number): string {
  return number === 1 ? TOMBSTONE_MAP : `${TOMBSTONE_MAP}-${number}`;
}

const SHARD_NAMES: ReadonlySet<string> = new Set(
  Array.from({ length: MAX_SHARDS }, (_, at) => shardName(at + 1)),
);

export function isTombstoneMap({ kind, metadata }: KubeObject): boolean {
  return kind === 'ConfigMap' && SHARD_NAMES.has(metadata.name);
}

/** A tombstone and the key that it is under. */
export interface TombstoneEntry {
  readonly key: string;
  readonly tombstone: Tombstone;
}

export interface TombstoneMap {
  readonly entries: readonly TombstoneEntry[];
  readonly problems: readonly Problem[];
  /** Of keys and values. */
  readonly bytes: number;
}

const entry = z.object({
  name: z.string().min(1),
  uid: z.string().min(1).optional(),
  until: z.iso.datetime({ precision: null, offset: true }),
});

/** Under the uid, which no two objects share. */
export function keyOfTombstone({ uid, name }: Tombstone): string {
  return uid ?? name;
}

export function renderTombstone({ name, uid, until }: Tombstone): string {
  return JSON.stringify({ name, uid, until });
}

function readEntry(value: unknown): z.output<typeof entry> | string {
  if (typeof value !== 'string') return 'is not text';
  try {
    const read = entry.safeParse(JSON.parse(value));
    if (read.success) return read.data;
    return read.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`).join('; ');
  } catch {
    return 'is not JSON';
  }
}

/** Reads a ConfigMap; what can't be read is reported and keeps nothing else from counting. */
export function readTombstoneMap(object: KubeObject): TombstoneMap {
  const { namespace = '', name } = object.metadata;
  const entries: TombstoneEntry[] = [];
  const problems: Problem[] = [];
  let bytes = 0;
  for (const [key, value] of Object.entries(recordAt(object, 'data') ?? {})) {
    bytes += key.length + (typeof value === 'string' ? Buffer.byteLength(value) : 0);
    const read = readEntry(value);
    if (typeof read === 'string') {
      problems.push({ path: `${namespace}/${name} data[${key}]`, message: read });
      continue;
    }
    entries.push({ key, tombstone: { namespace, ...read } });
  }
  return { entries, problems, bytes };
}
