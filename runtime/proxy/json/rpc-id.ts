// JSON-RPC ids. Both sides of the proxy have to agree which request an id means, so only ids that every reader
// understands alike are accepted: strings, and whole numbers that a double holds exactly. `null` is not an id in MCP.
import type { JsonCursor } from './cursor.ts';

const MAX_ID_BYTES = 512;
const WHOLE_NUMBER = /^(?:0|-?[1-9]\d{0,15})$/;

/** Consumes an id and returns it as it stands; undefined, and nothing consumed, where it is none. */
export function readId(cursor: JsonCursor): string | undefined {
  const start = cursor.at;
  const known = cursor.atString() || cursor.atNumber();
  if (!known || !cursor.value(1)) return undefined;
  const raw = cursor.at - start <= MAX_ID_BYTES ? cursor.raw(start, cursor.at) : '';
  if (isId(raw)) return raw;
  cursor.at = start;
  return undefined;
}

function isId(raw: string): boolean {
  if (raw.startsWith('"')) return !raw.includes('\\u0000');
  return WHOLE_NUMBER.test(raw) && Number.isSafeInteger(Number(raw));
}

/** The same text for the same id, however its characters were escaped; `1` and `"1"` stay different. */
export function idKey(raw: string): string {
  return raw.includes('\\') ? JSON.stringify(JSON.parse(raw)) : raw;
}
