// Evaluates the CEL rules of a kind where no API server does: at `new` of a construct, in the local platform.
import { compileCel, toCel, type CelExpression } from './cel.ts';
import type { Kind, Rule } from './kind.ts';
import type { Problem } from './result.ts';

/** Rules are constants, so each is compiled once. */
const compiled = new WeakMap<Rule, CelExpression>();

function expressionOf(rule: Rule): CelExpression {
  const known = compiled.get(rule);
  if (known !== undefined) return known;
  const result = compileCel(rule.rule, ['self', 'oldSelf']);
  if (!result.ok) throw new TypeError(`rule '${rule.message}' is not CEL: ${result.error.message}`);
  compiled.set(rule, result.value);
  return result.value;
}

/** Whether a rule is about a change; such a rule says nothing about a new object. */
export function isTransitionRule(rule: Rule): boolean {
  return /\boldSelf\b/.test(rule.rule);
}

/** @param variables as `toCel` makes them: converted once for all rules of an object */
function violation(rule: Rule, variables: Readonly<Record<string, unknown>>): readonly Problem[] {
  const outcome = expressionOf(rule).evaluate(variables);
  if (outcome.ok && outcome.value) return [];
  const message = outcome.ok ? rule.message : `${rule.message} (${outcome.error.message})`;
  return [{ path: `spec${rule.fieldPath ?? ''}`, message }];
}

/**
 * Rules that a defaulted spec breaks.
 * @param unknownFields top-level fields that could not be read; rules that speak of them are left out
 */
export function checkSpec(
  kind: Kind,
  spec: Readonly<Record<string, unknown>>,
  unknownFields: readonly string[] = [],
): readonly Problem[] {
  const speaksOf = (rule: Rule) =>
    unknownFields.some((field) => new RegExp(`\\bself\\.${field}\\b`).test(rule.rule));
  const variables = { self: toCel(spec) };
  return kind.rules
    .filter((rule) => !isTransitionRule(rule) && !speaksOf(rule))
    .flatMap((rule) => violation(rule, variables));
}

/** Rules that the step from one spec to the next breaks; both defaulted. */
export function checkTransition(
  kind: Kind,
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
): readonly Problem[] {
  const variables = { self: toCel(after), oldSelf: toCel(before) };
  return kind.rules.filter(isTransitionRule).flatMap((rule) => violation(rule, variables));
}
