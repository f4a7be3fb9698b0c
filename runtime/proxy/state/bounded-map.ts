// A map that forgets what was set longest ago, for state that callers can make grow. It has two generations: what is set
// lives in the young one, and when that is full it becomes the old one, whose rest is forgotten. Setting what is known
// moves nothing, where an order by use would delete and insert with each request.

export class BoundedMap<Value> {
  private young = new Map<string, Value>();
  private old = new Map<string, Value>();
  private readonly generation: number;

  /** @param size most entries; of those that were set last half as many are remembered for sure */
  constructor(size: number) {
    this.generation = Math.ceil(size / 2);
  }

  get(key: string): Value | undefined {
    return this.young.get(key) ?? this.old.get(key);
  }

  /** Sets a value and makes it one of the most recently used. */
  set(key: string, value: Value): void {
    if (!this.young.has(key)) {
      this.old.delete(key);
      if (this.young.size >= this.generation) {
        this.old = this.young;
        this.young = new Map();
      }
    }
    this.young.set(key, value);
  }

  /** What `get` gives, made one of the most recently used. */
  renew(key: string): Value | undefined {
    const young = this.young.get(key);
    if (young !== undefined) return young;
    const old = this.old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  delete(key: string): void {
    this.young.delete(key);
    this.old.delete(key);
  }

  values(): Iterable<Value> {
    return [...this.young.values(), ...this.old.values()];
  }
}
