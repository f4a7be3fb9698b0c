// What no construct can see by itself: two objects of one name, rules that look at the whole tree.
import type { Problem } from '#api/result.ts';

export class InvalidProgramError extends Error {
  readonly code = 'invalid_program';
  /** `path` is the path of the construct, `quickstart/notes`. */
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
    super([`the program has ${count}:`, ...problems.map((p) => `  ${p.path}: ${p.message}`)].join('\n'));
    this.name = 'InvalidProgramError';
    this.problems = problems;
  }
}
