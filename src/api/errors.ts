// How our programs fail where failing is not an expected outcome: with a code to match on and a sentence that says
// what went wrong, where, and what to do. Never with a secret in it.

export interface Failure {
  /** Where it happened: a file, an object, an address. */
  readonly where: string;
  /** What went wrong there, in words that continue `where: …`. */
  readonly what: string;
  /** What to do about it, as an imperative. */
  readonly remedy: string;
}

/** An error that a person can act on; `Code` is the union of codes of the part that throws it. */
export class PlatformError<Code extends string> extends Error {
  readonly code: Code;
  readonly where: string;
  readonly remedy: string;

  constructor(code: Code, failure: Failure, options?: ErrorOptions) {
    super(`${failure.where}: ${failure.what}; ${failure.remedy}`, options);
    this.name = 'PlatformError';
    this.code = code;
    this.where = failure.where;
    this.remedy = failure.remedy;
  }
}
