// CEL as Kubernetes evaluates it: integers are ints, absent fields are absent, and an expression has to yield a bool.
// No functions of our own and no I/O: the API server evaluates the same texts.
import { Environment } from '@marcbachmann/cel-js';
import { err, ok, type Result } from './result.ts';

/** `cel_invalid`: the text is no CEL or reads a variable it has not. `cel_failed`: it could not be evaluated. `cel_not_boolean`: it yields something else. */
export type CelErrorCode = 'cel_invalid' | 'cel_failed' | 'cel_not_boolean';

export interface CelError {
  readonly code: CelErrorCode;
  readonly expression: string;
  readonly message: string;
}

/** A compiled expression; evaluating it has no effects. */
export interface CelExpression {
  readonly expression: string;
  /** @param variables values by name, as `toCel` makes them: many expressions can share one copy */
  evaluate(variables: Readonly<Record<string, unknown>>): Result<boolean, CelError>;
}

/** The first line of an error of the CEL library; the rest draws the expression. */
function summaryOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split('\n', 1)[0] ?? message;
}

/** A JSON value as CEL sees it: whole numbers are ints, undefined members are absent. */
export function toCel(value: unknown): unknown {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map(toCel);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([name, member]) => [name, toCel(member)]),
  );
}

/**
 * Compiles an expression over the named variables, which may hold anything.
 * @returns the expression, or `cel_invalid` / `cel_not_boolean`
 */
export function compileCel(
  expression: string,
  variables: readonly string[],
): Result<CelExpression, CelError> {
  const fail = (code: CelErrorCode, message: string) => err({ code, expression, message });
  const environment = variables.reduce(
    (declared, name) => declared.registerVariable(name, 'dyn'),
    new Environment({ unlistedVariablesAreDyn: false }),
  );
  try {
    const program = environment.parse(expression);
    const checked = program.check();
    if (!checked.valid) return fail('cel_invalid', summaryOf(checked.error));
    if (checked.type !== 'bool' && checked.type !== 'dyn') {
      return fail('cel_not_boolean', `yields ${checked.type ?? 'something unknown'}, not bool`);
    }
    return ok({
      expression,
      evaluate(values) {
        try {
          const outcome: unknown = program({ ...values });
          if (typeof outcome === 'boolean') return ok(outcome);
          return fail('cel_not_boolean', `yields ${typeof outcome}, not bool`);
        } catch (error) {
          return fail('cel_failed', summaryOf(error));
        }
      },
    });
  } catch (error) {
    return fail('cel_invalid', summaryOf(error));
  }
}
