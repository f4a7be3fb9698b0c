/** An expected outcome as a value: what was asked for, or why it could not be had. */
export type Result<T, E> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

export function ok<T>(value: T): Result<T, never> {
  return { ok: true, value };
}

export function err<E>(error: E): Result<never, E> {
  return { ok: false, error };
}

/** One thing that is wrong with an input: where it stands (`spec.tools[2].name`) and what has to change. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}
