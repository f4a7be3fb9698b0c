// The question that a proxy asks of every message.
import type { Decision, PolicyRequest } from './decision.ts';
import { evaluate } from './evaluate.ts';
import type { PolicyIndex } from './policy-index.ts';

/**
 * Decides one message.
 * @param nowMs epoch milliseconds, for the expiry of sessions
 */
export function decide(index: PolicyIndex, request: PolicyRequest, nowMs: number): Decision {
  return evaluate(index, request, nowMs, undefined);
}
