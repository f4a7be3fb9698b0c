// Texts that come with every message, so that they are made once: names of members, methods, versions, names of tools.
// To make one costs ten times as much as to see that it is known.

const PLACES = 256;
/** Longer ones are rarely seen twice. */
const MAX_LENGTH = 64;

/** Holds no more than one text for each of its places: the one that was read there last. */
export class KnownTexts {
  private readonly texts = new Array<string>(PLACES).fill('');
  /** The bytes of each of them: to compare with those takes half as long as with characters. */
  private readonly known = new Uint8Array(PLACES * MAX_LENGTH);

  /** The text of some bytes, which are UTF-8. */
  read(bytes: Buffer, start: number, end: number): string {
    const length = end - start;
    if (length > MAX_LENGTH) return bytes.toString('utf8', start, end);
    const place = placeOf(bytes, start, end);
    const text = this.texts[place] ?? '';
    return text.length === length && this.stands(place, bytes, start, end)
      ? text
      : this.make(place, bytes, start, end);
  }

  private stands(place: number, bytes: Buffer, start: number, end: number): boolean {
    const { known } = this;
    let from = place * MAX_LENGTH;
    for (let at = start; at < end; at += 1, from += 1) {
      if (known[from] !== bytes[at]) return false;
    }
    return true;
  }

  private make(place: number, bytes: Buffer, start: number, end: number): string {
    const text = bytes.toString('utf8', start, end);
    // Only of ASCII are there as many characters as bytes.
    if (text.length !== end - start) return text;
    this.texts[place] = text;
    for (let at = start; at < end; at += 1) this.known[place * MAX_LENGTH + at - start] = bytes[at] ?? 0;
    return text;
  }
}

function placeOf(bytes: Buffer, start: number, end: number): number {
  const middle = (start + end) >> 1;
  const sum = (end - start) * 31 + (bytes[start] ?? 0) * 7 + (bytes[middle] ?? 0) * 5 + (bytes[end - 1] ?? 0);
  return sum % PLACES;
}
