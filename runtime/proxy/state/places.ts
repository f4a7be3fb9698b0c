// How many requests are in progress, in all and for each subject. Counts only; waiting is the caller's business.
import type { ProxyLimits } from '../config.ts';

export type PlaceLimits = Pick<ProxyLimits, 'maxConcurrent' | 'maxConcurrentPerSubject'>;
export type PlaceResult = 'taken' | 'too_many_requests' | 'overloaded';

/** The requests in progress of one subject. */
export interface SubjectPlaces {
  inUse: number;
}

export class Places {
  inUse = 0;
  private readonly bySubject = new Map<string, SubjectPlaces>();
  private readonly limits: PlaceLimits;

  constructor(limits: PlaceLimits) {
    this.limits = limits;
  }

  /** Subjects that are kept. */
  get subjects(): number {
    return this.bySubject.size;
  }

  /** Those of a subject, to take and give; the same ones each time, until `forgetIdle`. */
  of(subjectKey: string): SubjectPlaces {
    const known = this.bySubject.get(subjectKey);
    if (known !== undefined) return known;
    const places = { inUse: 0 };
    this.bySubject.set(subjectKey, places);
    return places;
  }

  take(subject: SubjectPlaces): PlaceResult {
    if (this.inUse >= this.limits.maxConcurrent) return 'overloaded';
    if (subject.inUse >= this.limits.maxConcurrentPerSubject) return 'too_many_requests';
    subject.inUse += 1;
    this.inUse += 1;
    return 'taken';
  }

  give(subject: SubjectPlaces): void {
    subject.inUse -= 1;
    this.inUse -= 1;
  }

  /** Forgets subjects with nothing in progress. Whoever holds theirs has to ask for them again. */
  forgetIdle(): void {
    for (const [subjectKey, { inUse }] of this.bySubject) {
      if (inUse === 0) this.bySubject.delete(subjectKey);
    }
  }
}
