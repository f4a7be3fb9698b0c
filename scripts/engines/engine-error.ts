// Why an engine can't be had, in words that end with what to do. A suite without its engine fails with this.

/**
 * `go_missing`, `go_too_old`: there is nothing to build with; `build_failed`: Go itself refused;
 * `engine_failed`: an engine was found, but ended or did not come up.
 */
export type EngineErrorCode = 'go_missing' | 'go_too_old' | 'build_failed' | 'engine_failed';

export class EngineError extends Error {
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'EngineError';
    this.code = code;
  }
}
