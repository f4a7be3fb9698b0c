// How constructs refuse bad input: at `new`, once, with everything that is wrong and the path of the construct.
import type { Problem } from '#api/result.ts';
import type { Construct } from 'constructs';

/** The path that a construct has, or would have: `quickstart/notes/grants/editors`. */
export function constructPath(scope: Construct, id: string): string {
  return scope.node.path === '' ? id : `${scope.node.path}/${id}`;
}

function sentence(what: string, path: string, problems: readonly Problem[]): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return [
    `${path}: this ${what} has ${count}:`,
    ...problems.map((problem) => `  ${problem.path}: ${problem.message}`),
  ].join('\n');
}

/** Thrown by a construct whose input can't become a valid object. The construct is not added to the tree. */
export class InvalidConstructError extends Error {
  readonly code = 'invalid_construct';
  /** Class of the construct, `McpServer`. */
  readonly construct: string;
  /** Where in the program's tree: `quickstart/notes`. */
  readonly constructPath: string;
  /** Everything that is wrong, in the order of the input. */
  readonly problems: readonly Problem[];

  constructor(construct: string, path: string, problems: readonly Problem[]) {
    super(sentence(construct, path, problems));
    this.name = 'InvalidConstructError';
    this.construct = construct;
    this.constructPath = path;
    this.problems = problems;
  }
}
