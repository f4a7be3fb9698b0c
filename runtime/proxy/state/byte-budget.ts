// How much memory request bodies take together. Each is bounded, and so is their number, but not the product: callers
// who send large bodies slowly would fill the pod.

export class ByteBudget {
  inUse = 0;
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  take(bytes: number): boolean {
    if (this.inUse + bytes > this.limit) return false;
    this.inUse += bytes;
    return true;
  }

  give(bytes: number): void {
    this.inUse -= bytes;
  }
}
