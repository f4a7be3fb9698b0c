// Takes the tools out of a list that the caller may not use. What stays, stays byte for byte, in its order; so do
// cursors and members that nobody here knows.
import type { Span } from '../json/client-message.ts';
import type { ServerMessage } from '../json/server-message.ts';

/** A filtered list belongs to one caller, and only until their permissions may have changed. */
const MAX_TTL_MS = 30_000;
const PRIVATE = '"private"';

interface Edit extends Span {
  readonly bytes: Buffer;
}

export interface FilteredList {
  readonly bytes: Buffer;
  readonly hidden: number;
}

export function filterToolList(
  bytes: Buffer,
  message: ServerMessage,
  isVisible: (tool: string) => boolean,
): FilteredList {
  const { list, ttlMs, cacheScope } = message;
  if (list === undefined) return { bytes, hidden: 0 };
  const edits: Edit[] = [];
  const kept = list.tools.filter(({ name }) => name !== undefined && isVisible(name));
  const hidden = list.tools.length - kept.length;
  if (hidden > 0) {
    const parts = kept.flatMap(({ start, end }, at) => {
      const tool = bytes.subarray(start, end);
      return at === 0 ? [tool] : [Buffer.from(','), tool];
    });
    edits.push({ ...list.inside, bytes: Buffer.concat(parts) });
  }
  if (ttlMs !== undefined && !(Number(textOf(bytes, ttlMs)) <= MAX_TTL_MS)) {
    edits.push({ ...ttlMs, bytes: Buffer.from(String(MAX_TTL_MS)) });
  }
  if (cacheScope !== undefined && textOf(bytes, cacheScope) !== PRIVATE) {
    edits.push({ ...cacheScope, bytes: Buffer.from(PRIVATE) });
  }
  return { bytes: apply(bytes, edits), hidden };
}

function textOf(bytes: Buffer, { start, end }: Span): string {
  return bytes.toString('utf8', start, end);
}

function apply(bytes: Buffer, edits: readonly Edit[]): Buffer {
  if (edits.length === 0) return bytes;
  const parts: Buffer[] = [];
  let at = 0;
  for (const edit of [...edits].sort((a, b) => a.start - b.start)) {
    parts.push(bytes.subarray(at, edit.start), edit.bytes);
    at = edit.end;
  }
  return Buffer.concat([...parts, bytes.subarray(at)]);
}
