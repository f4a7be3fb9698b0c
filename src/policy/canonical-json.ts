// One text for equal content, whoever wrote it and in which order. It is made in pieces: of a large document a second tree
// and a second text would take more memory than everything else that a proxy holds.
import { createHash } from 'node:crypto';

/** Hears one piece of text after another. */
type Sink = (text: string) => void;

const PIECE_LENGTH = 16 * 1024;

function writeValue(value: unknown, write: Sink): void {
  if (Array.isArray(value)) writeItems(value, write);
  else if (typeof value === 'object' && value !== null) writeMembers(value, write);
  else write(value === undefined ? 'null' : JSON.stringify(value));
}

function writeItems(items: readonly unknown[], write: Sink): void {
  let before = '[';
  for (const item of items) {
    write(before);
    writeValue(item, write);
    before = ',';
  }
  write(items.length === 0 ? '[]' : ']');
}

function writeMembers(value: object, write: Sink): void {
  const members: [string, unknown][] = Object.entries(value);
  let before = '{';
  for (const [name, member] of members.sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (member === undefined) continue;
    write(`${before}${JSON.stringify(name)}:`);
    writeValue(member, write);
    before = ',';
  }
  write(before === '{' ? '{}' : '}');
}

/** JSON with the members of every object in code-point order, so that equal content has equal bytes. */
export function canonicalJson(value: unknown): string {
  let json = '';
  writeValue(value, (text) => (json += text));
  return json;
}

/** SHA-256 of that JSON, in hexadecimal. */
export function canonicalDigest(value: unknown): string {
  const hash = createHash('sha256');
  let piece = '';
  writeValue(value, (text) => {
    piece += text;
    if (piece.length < PIECE_LENGTH) return;
    hash.update(piece);
    piece = '';
  });
  return hash.update(piece).digest('hex');
}
