// Memory that is given back by hand. A buffer's memory lies outside the heap, and waits for a collection that finds the buffer
// dead: for one of 64 KiB that costs five times what it takes to make and fill it, and what waits adds up.

/** Below this, a buffer costs less to find than to free: a small call would pay for nothing. */
const WORTH_FREEING_BYTES = 4 * 1024;

/**
 * Gives the memory of a buffer back at once, where the buffer has it alone: from then on it is empty to whoever still has
 * it. Nobody may be reading it, least of all the system: what is written to a socket must have left.
 *
 * @returns bytes that were given back; 0 where others use the memory as well, or it is too small to be worth it
 */
export function freeBuffer({ buffer: memory, byteLength }: Buffer): number {
  if (
    byteLength < WORTH_FREEING_BYTES ||
    byteLength !== memory.byteLength ||
    !(memory instanceof ArrayBuffer)
  )
    return 0;
  // What is transferred leaves its place, and nothing of it is taken along.
  memory.transfer(0);
  return byteLength;
}
