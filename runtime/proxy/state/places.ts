// How many requests are in progress, in all and for each subject. Counts only; waiting is the caller's business.
import type { ProxyLimits } from '../config.ts';

export type PlaceLimits = Pick<ProxyLimits, 'maxConcurrent' | 'maxConcurrentPerSubject'>;
export type PlaceResult = 'taken' | 'too_many_requests' | 'overloaded';

/** Subjects that are kept with nothing in progress: to delete and insert them with each request costs more. */
const SUBJECTS_KEPT = 1_024;

export class Places {
  inUse = 0;
  private readonly bySubject = new Map<string, number>();
  private readonly limits: PlaceLimits;

  constructor(limits: PlaceLimits) {
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
    const left = (this.bySubject.get(subjectKey) ?? 0) - 1;
    if (left > 0 || this.bySubject.size <= SUBJECTS_KEPT) this.bySubject.set(subjectKey, Math.max(0, left));
    else this.bySubject.delete(subjectKey);
    this.inUse -= 1;
  }
}
