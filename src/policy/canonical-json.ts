// One text for equal content, whoever wrote it and in which order. It is made in pieces: of a large document a second tree
// and a second text would take more memory than everything else that a proxy holds.
import { createHash } from 'node:crypto';

/** Hears one piece of text after another. */
type Sink = (text: string) => void;

const PIECE_LENGTH = 16 * 1024;

/** A document has thousands of objects, and a few dozen names. */
const MOST_NAMES = 512;
const knownNames = new Map<string, string>();

function nameText(name: string): string {
  const known = knownNames.get(name);
  if (known !== undefined) return known;
  const text = `${JSON.stringify(name)}:`;
  if (knownNames.size < MOST_NAMES) knownNames.set(name, text);
  return text;
}

/** One function does it all: a document is read before anything here is compiled, and one is compiled sooner than four. */
function writeCanonical(value: unknown, sink: Sink): void {
  let piece = '';
  const write = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) {
      piece += part === undefined ? 'null' : JSON.stringify(part);
    } else if (Array.isArray(part)) {
      let before = '[';
      for (const item of part) {
        piece += before;
        write(item);
        before = ',';
      }
      piece += part.length === 0 ? '[]' : ']';
    } else {
      let before = '{';
      for (const name of Object.keys(part).sort()) {
        const member: unknown = Reflect.get(part, name);
        if (member === undefined) continue;
        piece += before;
        piece += nameText(name);
        write(member);
        before = ',';
      }
      piece += before === '{' ? '{}' : '}';
    }
    if (piece.length < PIECE_LENGTH) return;
    sink(piece);
    piece = '';
  };
  write(value);
  sink(piece);
}

/** JSON with the members of every object in code-unit order, so that equal content has equal bytes. */
export function canonicalJson(value: unknown): string {
  let json = '';
  writeCanonical(value, (text) => (json += text));
  return json;
}

/** SHA-256 of that JSON, in hexadecimal. */
export function canonicalDigest(value: unknown): string {
  const hash = createHash('sha256');
  writeCanonical(value, (text) => hash.update(text));
  return hash.digest('hex');
}
