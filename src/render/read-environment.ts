// Reads an environment from a file. It is read where a program asks for it, so a program stays what its files say.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseEnvironmentFile } from '#environment/environment-file.ts';
import type { EnvironmentSettings } from '#environment/environment-schema.ts';

export class InvalidEnvironmentError extends Error {
  readonly code = 'invalid_environment';
  /** Each as `production.yaml:12:5: path message`. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[], options?: ErrorOptions) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super(
      [`the environment has ${count}:`, ...problems.map((problem) => `  ${problem}`)].join('\n'),
      options,
    );
    this.name = 'InvalidEnvironmentError';
    this.problems = problems;
  }
}

function textOf(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const problem = `${name}: can't be read; name a file, best as new URL('./production.yaml', import.meta.url)`;
    throw new InvalidEnvironmentError([problem], { cause });
  }
}

/**
 * The environment in a YAML file.
 * @param file a path from the current folder, or a `file:` URL: `new URL('./production.yaml', import.meta.url)`
 * @throws InvalidEnvironmentError with everything that is wrong, each with its line
 */
export function readEnvironment(file: string | URL): EnvironmentSettings {
  const absolute = file instanceof URL ? fileURLToPath(file) : path.resolve(file);
  const name = path.basename(absolute);
  const parsed = parseEnvironmentFile(textOf(absolute, name), name);
  if (parsed.ok) return parsed.value;
  throw new InvalidEnvironmentError(parsed.error);
}
