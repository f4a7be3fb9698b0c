// How many requests are in progress, in all and for each subject. Counts only; waiting is the caller's business.
import type { ProxyLimits } from '../config.ts';

export type PlaceResult = 'taken' | 'too_many_requests' | 'overloaded';

export class Places {
  inUse = 0;
  private readonly bySubject = new Map<string, number>();
  private readonly limits: ProxyLimits;

  constructor(limits: ProxyLimits) {
    this.limits = limits;
  }

  take(subjectKey: string): PlaceResult {
    if (this.inUse >= this.limits.maxConcurrent) return 'overloaded';
    const count = this.bySubject.get(subjectKey) ?? 0;
    if (count >= this.limits.maxConcurrentPerSubject) return 'too_many_requests';
    this.bySubject.set(subjectKey, count + 1);
    this.inUse += 1;
    return 'taken';
  }

  give(subjectKey: string): void {
    const count = this.bySubject.get(subjectKey) ?? 0;
    if (count > 1) this.bySubject.set(subjectKey, count - 1);
    else this.bySubject.delete(subjectKey);
    this.inUse -= 1;
  }
}
