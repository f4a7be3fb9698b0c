// How much memory may be taken by what is large and comes slowly: bodies of requests, and answers. Each is bounded, and so
// is their number, but not the product, which would fill the pod.

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
