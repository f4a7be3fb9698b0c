// Which server a client of ingest speaks for. Only digests are kept and compared, so neither time nor memory tells
// anything about a key.
import { createHash, timingSafeEqual } from 'node:crypto';
import { ingestKeys } from '#api/sentinel-config.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { Parsed } from '../reloaded-file.ts';
import { parseJsonFile, ReloadedFile } from '../reloaded-file.ts';
import { errorMessage } from '../errors.ts';

/** The one server whose events a client may write. */
export interface IngestIdentity {
  readonly namespace: string;
  readonly server: string;
}

interface Entry {
  readonly digest: Buffer;
  readonly identity: IngestIdentity;
}

export class ApiKeys {
  private readonly entries = new Map<string, Entry>();

  /** Throws where one key is given twice: then it doesn't say who the client is. */
  constructor(keys: readonly (IngestIdentity & { readonly key: string })[]) {
    for (const { key, namespace, server } of keys) {
      const digest = digestOf(key);
      const index = digest.toString('hex');
      if (this.entries.has(index))
        throw new Error(`the key of ${namespace}/${server} is another server's, too`);
      this.entries.set(index, { digest, identity: { namespace, server } });
    }
  }

  find(presented: string): IngestIdentity | undefined {
    const digest = digestOf(presented);
    const entry = this.entries.get(digest.toString('hex'));
    return entry !== undefined && timingSafeEqual(entry.digest, digest) ? entry.identity : undefined;
  }
}

function digestOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/** The keys of a file, read again when it changes. */
export function apiKeysIn(file: string, clock: Clock): ReloadedFile<ApiKeys> {
  return new ReloadedFile({ file, parse: parseKeys, clock });
}

function parseKeys(text: string): Parsed<ApiKeys> {
  const parsed = parseJsonFile(ingestKeys, text);
  if (!parsed.ok) return parsed;
  try {
    return { ok: true, value: new ApiKeys(parsed.value) };
  } catch (error) {
    return { ok: false, message: errorMessage(error) };
  }
}
