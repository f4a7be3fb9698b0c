// The stages that keep callers to a rate: of all their requests before a body is read, and of the calls of one tool once
// it is known that they may call it. Each proxy counts for itself.
import type { PolicyReason } from '#api/reasons.ts';
import type { Exchange } from '../exchange.ts';
import type { Refusal } from '../refusal.ts';
import { takeToken } from '../state/rate-meter.ts';
import { NEXT, type Stage } from './stage.ts';

type RateReason = Extract<PolicyReason, 'subject_rate_exceeded' | 'tool_rate_exceeded'>;

function tooOften(reason: RateReason, retryAfterMs: number): Refusal {
  return { reason, shown: reason, retryAfterMs: Math.ceil(retryAfterMs) };
}

/** Observe mode passes what a policy's rate would not; the proxy's own rate keeps the proxy alive, and holds always. */
export const limitSubjectRate: Stage = (exchange, { config, clock }) => {
  // Counted where it came in.
  if (exchange.viaPeer) return NEXT;
  const { caller } = exchange;
  if (caller === undefined) return { reason: 'undecided', shown: 'undecided' };
  const limits = exchange.snapshot?.document.limits;
  const rate = limits?.subjectRate ?? config.limits.subjectRate;
  const waitMs = takeToken(caller.bucket, rate, clock.monotonicMs());
  if (waitMs === 0) return NEXT;
  if (!exchange.isObserved || limits?.subjectRate === undefined)
    return tooOften('subject_rate_exceeded', waitMs);
  exchange.exceedsRate = true;
  return NEXT;
};

export const limitToolRate: Stage = (exchange, { toolRates, clock }) => {
  const { tool, snapshot, subjectKey } = exchange;
  if (exchange.exceedsRate) wouldDeny(exchange, 'subject_rate_exceeded');
  const rate = tool === undefined ? undefined : snapshot?.index.tools.get(tool)?.declared.rate;
  if (rate === undefined) return NEXT;
  const waitMs = toolRates.take(`${tool ?? ''}\0${subjectKey}`, rate, clock.monotonicMs());
  if (waitMs === 0) return NEXT;
  if (!exchange.isObserved) return tooOften('tool_rate_exceeded', waitMs);
  wouldDeny(exchange, 'tool_rate_exceeded');
  return NEXT;
};

/** What policy already would have denied keeps the reason of that. */
function wouldDeny(exchange: Exchange, reason: RateReason): void {
  const { decision } = exchange;
  if (decision.outcome !== 'allow') return;
  exchange.decision = { ...decision, outcome: 'would_deny', reason, disclosedReason: reason };
}
