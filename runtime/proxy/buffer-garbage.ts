// Buffers of bodies that nobody needs any more. V8 counts their memory when it decides whether to look through the whole heap,
// but not when it decides whether to look through the young objects, which is where they die. So large bodies have it do the
// one all the time, at thirty times the cost, while it waits with the other; and the smaller the heap may be, the worse.

export interface BufferGarbageOptions {
  /** Bytes of bodies that are still needed. */
  readonly heldBytes: () => number;
  /** Collects young garbage. @default V8's, where Node runs with `--expose-gc`; else nothing is done */
  readonly collect?: (() => void) | undefined;
  /** Bytes of bodies that are left until they are collected. @default 2 MiB */
  readonly leastBytes?: number;
}

const LEAST_BYTES = 2 * 1024 * 1024;
/** Buffers that are still needed are moved, and the second time they count as old: it must not come to that often. */
const TIMES_HELD = 2;

export class BufferGarbage {
  private bytes = 0;
  private readonly heldBytes: () => number;
  private readonly collect: (() => void) | undefined;
  private readonly leastBytes: number;

  constructor({ heldBytes, collect = collectYoung(), leastBytes = LEAST_BYTES }: BufferGarbageOptions) {
    this.heldBytes = heldBytes;
    this.collect = collect;
    this.leastBytes = leastBytes;
  }

  /** Says that buffers of so many bytes are not needed any more. */
  add(bytes: number): void {
    this.bytes += bytes;
    const { collect } = this;
    if (collect === undefined || this.bytes < this.leastBytes) return;
    if (this.bytes < TIMES_HELD * this.heldBytes()) return;
    this.bytes = 0;
    collect();
  }
}

function collectYoung(): (() => void) | undefined {
  const { gc } = globalThis;
  return gc && (() => gc({ type: 'minor', execution: 'sync' }));
}
