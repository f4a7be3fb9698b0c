// Skips long runs of plain text in a string. JavaScript looks at four bytes at a time at most; this looks at sixteen, by a
// function in WebAssembly that is small enough to be written out. To copy the text to where it can see it, and to look, takes a
// quarter of the time; for a run that ends soon it takes several times as long, so whoever asks has seen some of it.

/** As much of it as is used here; TypeScript knows it of browsers only. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => {
    readonly exports: { readonly memory: { readonly buffer: ArrayBuffer }; readonly find: () => number };
  };
}

/** Missing in a Node that may make no code while it runs (`--jitless`). */
declare const WebAssembly: WebAssemblyApi | undefined;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE = 0x20;

/** Of the first copy of a text: most long strings end in it. Each that follows is larger. */
const FIRST_WINDOW = 1024;
const LAST_WINDOW = 64 * 1024;
const GROWTH = 4;

/** Pages of 64 KiB: one for a window, one for what stands behind it. */
const PAGES = 2;

// Instructions of WebAssembly, as its binary format has them.
const VOID = 0x40;
const I32 = 0x7f;
const V128 = 0x7b;
const LOOP = [0x03, VOID];
const IF = [0x04, VOID];
const END = [0x0b];
/** Of the loop around the condition that it stands in. */
const CONTINUE = [0x0c, 1];
const ADD = [0x6a];
const IS_ZERO = [0x45];
/** How many zeros are below the lowest bit. */
const COUNT_ZEROS = [0x68];
const LOAD_16 = [0xfd, 0, 0, 0];
/** Each of the next four compares or joins sixteen bytes with sixteen others. */
const SAME = [0xfd, 35];
const LESS = [0xfd, 38];
const OR = [0xfd, 80];
const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
const tee = (local: number): number[] => [0x22, local];
/** A number below 128, which takes two bytes from 64 on. */
const number = (value: number): number[] => [0x41, ...(value < 64 ? [value] : [value | 0x80, 0])];
/** The same byte, sixteen times. */
const all = (byte: number): number[] => [...number(byte), 0xfd, 15];
/** A bit for each of sixteen bytes. */
const BITS = [0xfd, 100];

// Its variables.
const AT = 0;
const FOUND = 1;
const BYTES = 2;

/** Position of the first byte in memory that is a quote, a backslash or a control character; there has to be one. */
const findSpecial = [
  ...LOOP,
  ...[...get(AT), ...LOAD_16, ...tee(BYTES), ...all(QUOTE), ...SAME],
  ...[...get(BYTES), ...all(BACKSLASH), ...SAME, ...OR],
  ...[...get(BYTES), ...all(SPACE), ...LESS, ...OR],
  ...[...BITS, ...tee(FOUND), ...IS_ZERO, ...IF],
  ...[...get(AT), ...number(16), ...ADD, ...set(AT), ...CONTINUE],
  ...END,
  ...END,
  ...[...get(AT), ...get(FOUND), ...COUNT_ZEROS, ...ADD],
  ...END,
];

const name = (text: string): number[] => [text.length, ...Buffer.from(text)];
const section = (id: number, content: readonly number[]): number[] => [id, content.length, ...content];
const variables = [2, 2, I32, 1, V128];

const MODULE = Uint8Array.from([
  ...[0x00, ...Buffer.from('asm'), 1, 0, 0, 0],
  // One type of function, from nothing to a number; one function of it; one memory; the two by name; the code.
  ...section(1, [1, 0x60, 0, 1, I32]),
  ...section(3, [1, 0]),
  ...section(5, [1, 0, PAGES]),
  ...section(7, [2, ...name('memory'), 2, 0, ...name('find'), 0, 0]),
  ...section(10, [1, variables.length + findSpecial.length, ...variables, ...findSpecial]),
]);

export class PlainText {
  private readonly memory: Uint8Array;
  private readonly find: () => number;

  private constructor({ Instance, Module }: WebAssemblyApi) {
    const { memory, find } = new Instance(new Module(MODULE)).exports;
    this.memory = new Uint8Array(memory.buffer);
    this.find = find;
  }

  /** Undefined where there is no WebAssembly. */
  static make(): PlainText | undefined {
    return typeof WebAssembly === 'undefined' ? undefined : new PlainText(WebAssembly);
  }

  /** Position of the first quote, backslash or control character from `start` on, or the end. */
  endOf(bytes: Buffer, start: number): number {
    const { memory } = this;
    let at = start;
    for (let window = FIRST_WINDOW; at < bytes.length; window = Math.min(window * GROWTH, LAST_WINDOW)) {
      const end = Math.min(at + window, bytes.length);
      memory.set(bytes.subarray(at, end));
      memory[end - at] = QUOTE;
      at += this.find();
      if (at < end) return at;
    }
    return at;
  }
}
