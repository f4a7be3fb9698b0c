// How often callers do something, for rates of the kind "so many a minute, of which some at once": a bucket of tokens for
// each. Callers choose who they say they are, so the number of buckets is bounded; those who did nothing for longest are
// forgotten first, and most of their buckets were full again anyway.
import type { PolicyRate } from '#policy/document.ts';

/** Callers that are remembered at least; at most twice as many are. */
const GENERATION = 10_000;
const MINUTE_MS = 60_000;

/** How many may be taken, and when that was so, on the monotonic clock. */
export interface Bucket {
  tokens: number;
  atMs: number;
}

/** Takes one. @returns milliseconds after which one can be had; 0: it is taken */
export function takeToken(bucket: Bucket, { perMinute, burst }: PolicyRate, nowMs: number): number {
  const earned = ((nowMs - bucket.atMs) * perMinute) / MINUTE_MS;
  bucket.tokens = Math.min(burst, bucket.tokens + earned);
  bucket.atMs = nowMs;
  if (bucket.tokens < 1) return ((1 - bucket.tokens) * MINUTE_MS) / perMinute;
  bucket.tokens -= 1;
  return 0;
}

export class RateMeter {
  private readonly generation: number;
  private young = new Map<string, Bucket>();
  private old = new Map<string, Bucket>();

  constructor(generation = GENERATION) {
    this.generation = generation;
  }

  get size(): number {
    return this.young.size + this.old.size;
  }

  /** Takes one of a key. @returns as `takeToken` */
  take(key: string, rate: PolicyRate, nowMs: number): number {
    return takeToken(this.bucketOf(key), rate, nowMs);
  }

  /** The bucket of a key, now one of the most recently used; a new one is full, whatever the rate. */
  bucketOf(key: string): Bucket {
    const known = this.young.get(key);
    if (known !== undefined) return known;
    const bucket = this.old.get(key) ?? { tokens: Infinity, atMs: 0 };
    this.old.delete(key);
    if (this.young.size >= this.generation) {
      this.old = this.young;
      this.young = new Map();
    }
    this.young.set(key, bucket);
    return bucket;
  }
}
