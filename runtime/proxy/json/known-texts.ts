// Texts that come with every message, so that they are made once: names of members, methods, versions, names of tools.
// To make one costs ten times as much as to see that it is known.

const PLACES = 256;
/** Longer ones are rarely seen twice. */
const MAX_LENGTH = 64;

/** Holds no more than one text for each of its places: the one that was read there last. */
export class KnownTexts {
  private readonly texts = new Array<string>(PLACES).fill('');

  /** The text of some bytes, which are UTF-8. */
  read(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length > MAX_LENGTH) return bytes.toString('utf8', start, end);
    const place = placeOf(bytes, start, end);
    const known = this.texts[place] ?? '';
    if (stands(known, bytes, start, length)) return known;
    const text = bytes.toString('utf8', start, end);
    // Only of ASCII are there as many characters as bytes, so that one can be compared with the other.
    if (text.length === length) this.texts[place] = text;
    return text;
  }
}

function stands(text: string, bytes: Buffer, start: number, length: number): boolean {
  if (text.length !== length) return false;
  for (let at = 0; at < length; at += 1) {
    if (text.charCodeAt(at) !== bytes[start + at]) return false;
  }
  return true;
}

function placeOf(bytes: Buffer, start: number, end: number): number {
  const middle = (start + end) >> 1;
  const sum = (end - start) * 31 + (bytes[start] ?? 0) * 7 + (bytes[middle] ?? 0) * 5 + (bytes[end - 1] ?? 0);
  return sum % PLACES;
}
