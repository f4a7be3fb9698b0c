// Things that a program may do and probably does not mean to. They are printed by whoever synthesises; nothing is
// rendered and nothing is refused because of them. Whoever means one says so, by its name and with a reason that
// reviewers read.
import type { Construct, IConstruct } from 'constructs';
import type { Exemption } from './security.ts';

const SILENCED = 'mcpruntime.org/silenced';

/** A remark about one construct of a program. */
export interface Warning {
  /** Name of the check that makes it: `endless-session`. */
  readonly name: string;
  /** Path of the construct: `quickstart/notes/sessions/demo`. */
  readonly path: string;
  readonly message: string;
}

/** Notes that what the named check finds in this construct, and in those below it, is meant. */
export function noteSilence(construct: Construct, name: string, { reason }: Exemption): void {
  if (reason.trim() === '')
    throw new TypeError(`${construct.node.path}: say in \`reason\` why ${name} is meant`);
  construct.node.addMetadata(SILENCED, name);
}

/** Whether the construct, or one that it is part of, says that what the check finds is meant. */
export function isSilenced(construct: IConstruct, name: string): boolean {
  return construct.node.scopes.some(({ node }) =>
    node.metadata.some(({ type, data }) => type === SILENCED && data === name),
  );
}
