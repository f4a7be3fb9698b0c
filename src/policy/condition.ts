// A CEL condition of a grant's rule, compiled. It sees args, subject and tool, and nothing of time, network or other
// requests. What can't be compiled or fails is said so, and never counts as met: the caller decides what that means.
import { Environment } from '@marcbachmann/cel-js';
import { toCel } from '#api/cel.ts';
import { err, ok, type Result } from '#api/result.ts';
import {
  CONDITION_LIMITS,
  CONDITION_VARIABLES,
  profileOf,
  type ConditionProfile,
} from './condition-profile.ts';

export interface ConditionInput {
  /** `params.arguments`; called only where the condition reads them. */
  readonly readArguments: (() => unknown) | undefined;
  /** `human`, `agent` (empty where not known), `teams` and `assurance` of the caller. */
  readonly subject: Readonly<Record<string, unknown>>;
  /** `name`, `requiredTrust`, `sideEffect` (empty where not declared) and `riskLevel`. */
  readonly tool: Readonly<Record<string, unknown>>;
}

export type ConditionOutcome = 'met' | 'not_met' | 'failed';

export interface Condition {
  readonly text: string;
  readonly profile: ConditionProfile;
  readonly readsArguments: boolean;
  evaluate(input: ConditionInput): ConditionOutcome;
}

const environment = CONDITION_VARIABLES.reduce(
  (declared, name) => declared.registerVariable(name, 'map'),
  new Environment({ unlistedVariablesAreDyn: false, homogeneousAggregateLiterals: false }),
);

/** Whether a value stays within the sizes that the static cost was computed for. */
function isWithinLimits(value: unknown): boolean {
  let values = 0;
  let characters = 0;
  const visit = (item: unknown): boolean => {
    values += 1;
    if (typeof item === 'string') characters += item.length;
    if (values > CONDITION_LIMITS.values || characters > CONDITION_LIMITS.characters) return false;
    if (typeof item !== 'object' || item === null) return true;
    const members: unknown[] = Object.values(item);
    return members.length <= CONDITION_LIMITS.entries && members.every(visit);
  };
  return visit(value);
}

/** The arguments that a condition reads, as CEL sees them, or undefined where they are too large or no object. */
function argumentsFor(profile: ConditionProfile, input: ConditionInput): unknown {
  if (profile.reads.length === 0) return {};
  const given = input.readArguments?.() ?? {};
  if (typeof given !== 'object' || Array.isArray(given)) return undefined;
  const { reads } = profile;
  const entries = Object.entries(given);
  const read = Object.fromEntries(
    reads === 'all' ? entries : entries.filter(([name]) => reads.includes(name)),
  );
  return isWithinLimits(read) ? toCel(read) : undefined;
}

function firstLineOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? message;
}

/**
 * Compiles a condition and checks it against the profile.
 * @returns the condition, or a sentence that says what is wrong with it
 */
export function compileCondition(text: string): Result<Condition, string> {
  if (text.length > CONDITION_LIMITS.length) {
    return err(`a condition has at most ${CONDITION_LIMITS.length} characters, this one ${text.length}`);
  }
  try {
    const program = environment.parse(text);
    const profile = profileOf(program.ast);
    if (!profile.ok) return profile;
    const checked = program.check();
    if (!checked.valid) return err(firstLineOf(checked.error));
    if (checked.type !== 'bool' && checked.type !== 'dyn')
      return err(`yields ${checked.type ?? 'nothing'}, not bool`);
    const evaluate = (input: ConditionInput): ConditionOutcome => {
      try {
        const args = argumentsFor(profile.value, input);
        if (args === undefined) return 'failed';
        const outcome: unknown = program({ args, subject: input.subject, tool: input.tool });
        if (typeof outcome !== 'boolean') return 'failed';
        return outcome ? 'met' : 'not_met';
      } catch {
        return 'failed';
      }
    };
    return ok({ text, profile: profile.value, readsArguments: profile.value.reads.length > 0, evaluate });
  } catch (error) {
    return err(firstLineOf(error));
  }
}
