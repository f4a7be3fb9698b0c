// Which of several allows for one tool speaks first. Folding and deciding use the same order, so that what folding
// drops could never have made a difference: of two allows without a condition, the earlier passes whenever the later
// does, and where both fail it fails later in the chain.
import { objectKey, type ObjectRef } from '#api/principal.ts';
import { SIDE_EFFECTS, type SideEffect } from '#api/side-effect.ts';
import { trustRank, type Trust } from '#api/trust.ts';

/** What an allow says, apart from its condition, as numbers: trust 1 to 3, side effects as bits. */
export interface AllowTerms {
  readonly grant: ObjectRef;
  readonly given: number;
  readonly required: number;
  readonly effects: number;
}

/** What a tool asks for. */
export interface ToolTerms {
  readonly required: number;
  /** The bit of its side effect; 0: not declared. */
  readonly effect: number;
}

export const UNDECLARED_TOOL: ToolTerms = { required: trustRank('low'), effect: 0 };

function effectBit(effect: SideEffect): number {
  return 1 << SIDE_EFFECTS.indexOf(effect);
}

export function toolTerms(tool: {
  readonly requiredTrust: Trust;
  readonly sideEffect?: SideEffect | undefined;
}): ToolTerms {
  const { requiredTrust, sideEffect } = tool;
  return {
    required: trustRank(requiredTrust),
    effect: sideEffect === undefined ? 0 : effectBit(sideEffect),
  };
}

export function allowTerms(allow: {
  readonly grant: ObjectRef;
  readonly maxTrust: Trust;
  readonly requiredTrust: Trust;
  readonly sideEffects: readonly SideEffect[];
}): AllowTerms {
  return {
    grant: allow.grant,
    given: trustRank(allow.maxTrust),
    required: trustRank(allow.requiredTrust),
    effects: allow.sideEffects.reduce((bits, effect) => bits | effectBit(effect), 0),
  };
}

const EFFECT_WRONG = 64;
const NOT_VIABLE = 32;

/**
 * Smaller speaks first: side effect allowed, then enough trust to ever pass, then the least trust asked for, then
 * the most trust given.
 */
function rankOf(tool: ToolTerms, allow: AllowTerms): number {
  const required = Math.max(tool.required, allow.required);
  const effect = (allow.effects & tool.effect) === 0 ? EFFECT_WRONG : 0;
  return effect + (allow.given >= required ? 0 : NOT_VIABLE) + required * 4 + (3 - allow.given);
}

/** Code-point order of `namespace/name`, the last word wherever something has to be attributed to one grant. */
export function compareRefs(a: ObjectRef, b: ObjectRef): number {
  const [left, right] = [objectKey(a), objectKey(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** Negative: `a` speaks before `b`. */
export function compareAllows(tool: ToolTerms, a: AllowTerms, b: AllowTerms): number {
  return rankOf(tool, a) - rankOf(tool, b) || compareRefs(a.grant, b.grant);
}
