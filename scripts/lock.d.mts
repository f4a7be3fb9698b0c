/** Adds the missing platform packages to a parsed lockfile, in place, and returns their names. */
export function completeLockfile(lock: { packages: Readonly<Record<string, object>> }): readonly string[];
