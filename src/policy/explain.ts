// The same decision, with every step that led to it. For people who operate a server: it names grants and tools that
// the caller may not know of, so it never goes to callers.
import type { ExplainedStep, Explanation, PolicyRequest } from './decision.ts';
import { evaluate } from './evaluate.ts';
import type { PolicyIndex } from './policy-index.ts';

/**
 * Decides one message and says why.
 * @param nowMs epoch milliseconds, for the expiry of sessions
 */
export function explain(index: PolicyIndex, request: PolicyRequest, nowMs: number): Explanation {
  const steps: ExplainedStep[] = [];
  const decision = evaluate(index, request, nowMs, (step, outcome, detail) => {
    steps.push({ step, outcome, detail });
  });
  return { decision, steps };
}
