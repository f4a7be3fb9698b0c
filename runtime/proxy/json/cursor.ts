// One strict pass over JSON bytes. It finds what it is asked for and proves the rest well-formed, without building a
// value: what is authorised are the bytes that are forwarded, so there must be only one way to read them. Stricter
// than JSON.parse (no byte order mark, no duplicate keys, bounded depth), never laxer.
import { isUtf8 } from 'node:buffer';
import { KnownTexts } from './known-texts.ts';
import { PlainText } from './plain-text.ts';

export type JsonProblem =
  'body_required' | 'invalid_json' | 'invalid_utf8' | 'json_too_deep' | 'duplicate_key' | 'case_variant_key';

export interface JsonRules {
  /** Containers inside each other, the outermost counted. */
  readonly maxDepth: number;
  /** `everywhere`: also in values that nobody reads. `visited`: only in objects that are read member by member. */
  readonly uniqueKeys: 'everywhere' | 'visited';
  /** An escaped half of a surrogate pair, which no UTF-8 can hold and parsers read differently. */
  readonly loneSurrogates: 'refused' | 'allowed';
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const LETTER_U = 0x75;

/** Above this many keys an object is checked with a set; comparing pairs would be quadratic for a hostile one. */
const FEW_KEYS = 16;
/** Shorter ones are compared byte by byte, which costs less than the call. */
const LONG_KEY = 64;

/**
 * A string is looked at byte by byte up to here, because most end before, and four bytes at a time beyond. For that a text
 * needs a view of it, which takes as long as reading 300 bytes: a small text is better off with few strings that need it.
 */
const SHORT_STRING = 32;
const SHORT_STRING_OF_SMALL_TEXT = 64;
const SMALL_TEXT = 4 * 1024;
/** Of plain text, four bytes at a time: after so much of it in one run, more is likely, and worth a copy to look faster. */
const LONG_RUN = 1024;

const EMPTY = Buffer.alloc(0);

const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;

function hexValue(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

const ONES = 0x01010101;
const SPACES = 0x20202020;
const QUOTES = 0x22222222;
const BACKSLASHES = 0x5c5c5c5c;
const HIGH_BITS = 0x80808080 | 0;

/**
 * Whether no byte of four is a quote, a backslash or a control character. Where a byte is less than what is subtracted from
 * it, and only there or beside it, the difference borrows into the high bit.
 */
function isPlainWord(word: number): boolean {
  const quotes = word ^ QUOTES;
  const backslashes = word ^ BACKSLASHES;
  const found =
    ((word - SPACES) & ~word) | ((quotes - ONES) & ~quotes) | ((backslashes - ONES) & ~backslashes);
  return (found & HIGH_BITS) === 0;
}

/** A number in which most keys differ, of their length and some of their bytes. The quotes around them are alike. */
function fingerprint(bytes: Buffer, start: number, end: number): number {
  const middle = (start + end) >> 1;
  return (
    ((end - start) << 24) ^
    ((bytes[start + 1] ?? 0) << 16) ^
    ((bytes[middle] ?? 0) << 8) ^
    (bytes[end - 2] ?? 0)
  );
}

/** Called for each member of a visited object, the cursor on its value, which the visitor has to consume. */
export type MemberVisitor = (key: string) => boolean;

/** A reader of one text after another. Methods return false where the text is refused; `problem` says why. */
export class JsonCursor {
  /** Position of the next byte. */
  at = 0;
  problem: JsonProblem | undefined;
  private shortString = SHORT_STRING;
  private bytes: Buffer = EMPTY;
  /** The same, to be read four at a time; made where it is needed. */
  private words: DataView | undefined;
  /** Made where the first long run is, if it can be made at all. */
  private plainText: PlainText | 'none' | undefined;
  private readonly known = new KnownTexts();
  private rules: JsonRules;
  /** Fingerprint, start and end of each key of the objects that are open, innermost last. */
  private keys = new Int32Array(3 * 64);
  private keyTop = 0;
  /** Keys of an open object that has many, or escaped ones, by depth. */
  private readonly wideKeys: (Set<string> | undefined)[] = [];
  /** Of the string that was consumed last: it has an escape, so it may hold what it doesn't look like. */
  lastStringEscaped = false;

  constructor(rules: JsonRules) {
    this.rules = rules;
  }

  /** Starts on a text; false where it is empty or not UTF-8. */
  open(bytes: Buffer): boolean {
    this.bytes = bytes;
    this.words = undefined;
    this.shortString = bytes.length > SMALL_TEXT ? SHORT_STRING : SHORT_STRING_OF_SMALL_TEXT;
    this.at = 0;
    this.problem = undefined;
    this.keyTop = 0;
    if (!isUtf8(bytes)) return this.refuse('invalid_utf8');
    this.skipSpace();
    return this.at < bytes.length || this.refuse('body_required');
  }

  /** Whether nothing but white space is left. Also lets go of the bytes. */
  close(): boolean {
    this.skipSpace();
    const ended = this.at === this.bytes.length;
    this.bytes = EMPTY;
    this.words = undefined;
    return ended || this.refuse('invalid_json');
  }

  refuse(problem: JsonProblem): false {
    this.problem ??= problem;
    return false;
  }

  /** The byte at the cursor, -1 at the end. */
  peek(): number {
    return this.bytes[this.at] ?? -1;
  }

  atObject(): boolean {
    return this.peek() === OPEN_BRACE;
  }

  atArray(): boolean {
    return this.peek() === OPEN_BRACKET;
  }

  atString(): boolean {
    return this.peek() === QUOTE;
  }

  atNumber(): boolean {
    const byte = this.peek();
    return byte === MINUS || isDigit(byte);
  }

  /** The text between two positions, as it stands. */
  raw(start: number, end: number): string {
    return this.bytes.toString('utf8', start, end);
  }

  /** Consumes a string and returns its value; undefined where it is malformed. */
  string(): string | undefined {
    const start = this.at;
    if (!this.skipString()) return undefined;
    return this.valueOf(start, this.at, this.lastStringEscaped);
  }

  /** Consumes the object at the cursor, which `depth` containers enclose. */
  object(depth: number, visit?: MemberVisitor): boolean {
    if (depth >= this.rules.maxDepth) return this.refuse('json_too_deep');
    const base = this.keyTop;
    this.wideKeys[depth] = undefined;
    const checked = visit !== undefined || this.rules.uniqueKeys === 'everywhere';
    this.at += 1;
    this.skipSpace();
    if (this.peek() === CLOSE_BRACE) {
      this.at += 1;
      return true;
    }
    for (;;) {
      const start = this.at;
      if (this.peek() !== QUOTE || !this.skipString()) return this.refuse('invalid_json');
      const end = this.at;
      const escaped = this.lastStringEscaped;
      if (checked && !this.admitKey(depth, base, start, end)) return false;
      this.skipSpace();
      if (this.peek() !== COLON) return this.refuse('invalid_json');
      this.at += 1;
      this.skipSpace();
      const read = visit === undefined ? this.value(depth + 1) : visit(this.valueOf(start, end, escaped));
      if (!read) return this.refuse('invalid_json');
      this.skipSpace();
      const byte = this.peek();
      this.at += 1;
      if (byte === CLOSE_BRACE) {
        this.keyTop = base;
        return true;
      }
      if (byte !== COMMA) return this.refuse('invalid_json');
      this.skipSpace();
    }
  }

  /** Consumes the array at the cursor; `visit` is called on each element and has to consume it. */
  array(depth: number, visit?: () => boolean): boolean {
    if (depth >= this.rules.maxDepth) return this.refuse('json_too_deep');
    this.at += 1;
    this.skipSpace();
    if (this.peek() === CLOSE_BRACKET) {
      this.at += 1;
      return true;
    }
    for (;;) {
      const read = visit === undefined ? this.value(depth + 1) : visit();
      if (!read) return this.refuse('invalid_json');
      this.skipSpace();
      const byte = this.peek();
      this.at += 1;
      if (byte === CLOSE_BRACKET) return true;
      if (byte !== COMMA) return this.refuse('invalid_json');
      this.skipSpace();
    }
  }

  /** Consumes any value. */
  value(depth: number): boolean {
    const byte = this.peek();
    switch (byte) {
      case QUOTE:
        return this.skipString();
      case OPEN_BRACE:
        return this.object(depth);
      case OPEN_BRACKET:
        return this.array(depth);
      case 0x74:
        return this.skipWord('true');
      case 0x66:
        return this.skipWord('false');
      case 0x6e:
        return this.skipWord('null');
      default:
        return this.skipNumber();
    }
  }

  skipSpace(): void {
    for (;;) {
      const byte = this.bytes[this.at] ?? -1;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.at += 1;
    }
  }

  /** Consumes `true`, `false` or `null`. */
  skipWord(word: string): boolean {
    const { bytes } = this;
    for (let at = 0; at < word.length; at += 1) {
      if (bytes[this.at + at] !== word.charCodeAt(at)) return this.refuse('invalid_json');
    }
    this.at += word.length;
    return true;
  }

  private skipNumber(): boolean {
    if (this.peek() === MINUS) this.at += 1;
    if (this.peek() === ZERO) this.at += 1;
    else if (!this.skipDigits()) return false;
    if (this.peek() === DOT) {
      this.at += 1;
      if (!this.skipDigits()) return false;
    }
    if ((this.peek() | 0x20) === 0x65) {
      this.at += 1;
      const sign = this.peek();
      if (sign === PLUS || sign === MINUS) this.at += 1;
      if (!this.skipDigits()) return false;
    }
    return true;
  }

  private skipDigits(): boolean {
    const start = this.at;
    while (isDigit(this.peek())) this.at += 1;
    return this.at > start || this.refuse('invalid_json');
  }

  private skipString(): boolean {
    const { bytes } = this;
    this.lastStringEscaped = false;
    let at = this.at + 1;
    const longAt = at + this.shortString;
    for (;;) {
      const byte = bytes[at] ?? -1;
      if (byte === QUOTE) {
        this.at = at + 1;
        return true;
      }
      if (byte === BACKSLASH) {
        this.lastStringEscaped = true;
        at = this.skipEscape(at + 1);
        if (at === -1) return false;
      } else if (byte < 0x20) {
        return this.refuse('invalid_json');
      } else {
        at = at < longAt ? at + 1 : this.skipPlain(at + 1);
      }
    }
  }

  /** Skips text of a string by four bytes, of which none is a quote, a backslash or a control character; a long run at once. */
  private skipPlain(start: number): number {
    const words = (this.words ??= viewOf(this.bytes));
    const last = words.byteLength - 4;
    const longAt = this.plainText === 'none' ? words.byteLength + 1 : start + LONG_RUN;
    let at = start;
    while (at <= last && isPlainWord(words.getInt32(at, true))) {
      at += 4;
      if (at < longAt) continue;
      this.plainText ??= PlainText.make() ?? 'none';
      if (this.plainText !== 'none') return this.plainText.endOf(this.bytes, at);
    }
    return at;
  }

  /** Position after the escape whose letter is at `at`; -1 where it is malformed. */
  private skipEscape(at: number): number {
    const letter = this.bytes[at] ?? -1;
    if (letter !== LETTER_U) {
      const known = letter !== -1 && '"\\/bfnrt'.includes(String.fromCharCode(letter));
      if (!known) this.refuse('invalid_json');
      return known ? at + 1 : -1;
    }
    const unit = this.codeUnit(at + 1);
    if (unit === -1) {
      this.refuse('invalid_json');
      return -1;
    }
    if (unit < 0xd800 || unit > 0xdfff || this.rules.loneSurrogates === 'allowed') return at + 5;
    const escaped = this.bytes[at + 5] === BACKSLASH && this.bytes[at + 6] === LETTER_U;
    const low = unit <= 0xdbff && escaped ? this.codeUnit(at + 7) : -1;
    if (low >= 0xdc00 && low <= 0xdfff) return at + 11;
    this.refuse('invalid_utf8');
    return -1;
  }

  private codeUnit(at: number): number {
    let unit = 0;
    for (let digit = 0; digit < 4; digit += 1) {
      const value = hexValue(this.bytes[at + digit] ?? -1);
      if (value === -1) return -1;
      unit = unit * 16 + value;
    }
    return unit;
  }

  /** Remembers a key of an open object, or refuses it because it is there already or holds a NUL. */
  private admitKey(depth: number, base: number, start: number, end: number): boolean {
    let wide = this.wideKeys[depth];
    if (wide === undefined && !this.lastStringEscaped && this.keyTop - base < 3 * FEW_KEYS) {
      return this.admitPlainKey(base, start, end);
    }
    if (wide === undefined) {
      wide = new Set();
      this.wideKeys[depth] = wide;
      for (let at = base; at < this.keyTop; at += 3) {
        wide.add(this.raw((this.keys[at + 1] ?? 0) + 1, (this.keys[at + 2] ?? 0) - 1));
      }
    }
    const key = this.valueOf(start, end, this.lastStringEscaped);
    if (key.includes('\0')) return this.refuse('invalid_json');
    if (wide.has(key)) return this.refuse('duplicate_key');
    wide.add(key);
    return true;
  }

  private admitPlainKey(base: number, start: number, end: number): boolean {
    const { bytes, keyTop: top } = this;
    if (top + 3 > this.keys.length) this.growKeys();
    const { keys } = this;
    const print = fingerprint(bytes, start, end);
    for (let at = base; at < top; at += 3) {
      if (keys[at] === print && this.sameBytes(keys[at + 1] ?? 0, keys[at + 2] ?? 0, start, end)) {
        return this.refuse('duplicate_key');
      }
    }
    keys[top] = print;
    keys[top + 1] = start;
    keys[top + 2] = end;
    this.keyTop = top + 3;
    return true;
  }

  private growKeys(): void {
    const grown = new Int32Array(this.keys.length * 2);
    grown.set(this.keys);
    this.keys = grown;
  }

  private sameBytes(start: number, end: number, otherStart: number, otherEnd: number): boolean {
    if (end - start !== otherEnd - otherStart) return false;
    const { bytes } = this;
    if (end - start > LONG_KEY) return bytes.compare(bytes, start, end, otherStart, otherEnd) === 0;
    for (let at = start, other = otherStart; at < end; at += 1, other += 1) {
      if (bytes[at] !== bytes[other]) return false;
    }
    return true;
  }

  /** Value of the string that stands, with its quotes, between two positions. */
  private valueOf(start: number, end: number, escaped: boolean): string {
    if (!escaped) return this.known.read(this.bytes, start + 1, end - 1);
    const value: unknown = JSON.parse(this.raw(start, end));
    return typeof value === 'string' ? value : '';
  }
}
