// Which of several allows for one tool speaks first. Folding and deciding use the same order, so that what folding
// drops could never have made a difference: of two allows without a condition, the earlier passes whenever the later
// does, and where both fail it fails later in the chain.
import { objectKey, type ObjectRef } from '#api/principal.ts';
import type { SideEffect } from '#api/side-effect.ts';
import { trustRank, type Trust } from '#api/trust.ts';

/** What an allow says, apart from its condition. */
export interface AllowTerms {
  readonly grant: ObjectRef;
  readonly maxTrust: Trust;
  readonly requiredTrust: Trust;
  readonly sideEffects: readonly SideEffect[];
}

/** What a tool asks for; a tool that isn't declared has no side effect and asks for low trust. */
export interface ToolTerms {
  readonly requiredTrust: Trust;
  readonly sideEffect?: SideEffect | undefined;
}

const EFFECT_WRONG = 64;
const NOT_VIABLE = 32;

/** The trust that a call needs under an allow, 1 to 3. */
export function requiredRank(tool: ToolTerms, allow: AllowTerms): number {
  return Math.max(trustRank(tool.requiredTrust), trustRank(allow.requiredTrust));
}

/**
 * Smaller speaks first: side effect allowed, then enough trust to ever pass, then the least trust asked for, then
 * the most trust given.
 */
export function allowRank(tool: ToolTerms, allow: AllowTerms): number {
  const required = requiredRank(tool, allow);
  const given = trustRank(allow.maxTrust);
  const effect =
    tool.sideEffect !== undefined && allow.sideEffects.includes(tool.sideEffect) ? 0 : EFFECT_WRONG;
  return effect + (given >= required ? 0 : NOT_VIABLE) + required * 4 + (3 - given);
}

/** Code-point order of `namespace/name`, the last word wherever something has to be attributed to one grant. */
export function compareRefs(a: ObjectRef, b: ObjectRef): number {
  const [left, right] = [objectKey(a), objectKey(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

export function compareAllows(tool: ToolTerms, a: AllowTerms, b: AllowTerms): number {
  return allowRank(tool, a) - allowRank(tool, b) || compareRefs(a.grant, b.grant);
}
