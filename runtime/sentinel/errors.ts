// What can be said of a thrown value without trusting what it is.

/** `ENOENT`, `ERR_BUFFER_TOO_LARGE`, …; `undefined` where there is none. */
export function errorCode(error: unknown): string | undefined {
  return typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
    ? error.code
    : undefined;
}

export function errorMessage(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : String(error);
}
