// One request on trial: what the checks have found out so far, and what a check may say.
import type { ObjectRef } from '#api/principal.ts';
import type { PolicyReason } from '#api/reasons.ts';
import type { ExplainedStep, PolicyRequest } from './decision.ts';
import type { IndexedAllow, IndexedSession, IndexedTool, PolicyIndex } from './policy-index.ts';
import type { Standing } from './standing.ts';

/** Hears every step; absent while nobody asked for an explanation, so that no text is made. */
export type Note = (step: string, outcome: ExplainedStep['outcome'], detail: string) => void;

export interface Trial {
  readonly index: PolicyIndex;
  readonly request: PolicyRequest;
  readonly nowMs: number;
  readonly note: Note | undefined;
  readonly standing: Standing;
  /** The caller's own session, once it was looked at, whatever its state. */
  session: IndexedSession | undefined;
  /** The tool as the server declares it. */
  tool: IndexedTool | undefined;
}

export interface Verdict {
  readonly passes: boolean;
  readonly reason: PolicyReason;
  readonly grant?: ObjectRef;
  /** The allow that passed, or that came closest. */
  readonly allow?: IndexedAllow;
}

/** A check ends the trial with a verdict, or leaves it to the next. */
export type Check = (trial: Trial) => Verdict | undefined;

export function refuse(reason: PolicyReason): Verdict {
  return { passes: false, reason };
}
