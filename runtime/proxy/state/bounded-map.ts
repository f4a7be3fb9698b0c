// A map that forgets what was used longest ago, for state that callers can make grow.

export class BoundedMap<Value> {
  private readonly entries = new Map<string, Value>();
  private readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  get(key: string): Value | undefined {
    return this.entries.get(key);
  }

  /** Sets a value and makes it the most recently used. */
  set(key: string, value: Value): void {
    this.entries.delete(key);
    this.entries.set(key, value);
    if (this.entries.size <= this.size) return;
    const oldest = this.entries.keys().next();
    if (oldest.done !== true) this.entries.delete(oldest.value);
  }

  delete(key: string): void {
    this.entries.delete(key);
  }

  values(): Iterable<Value> {
    return this.entries.values();
  }
}
