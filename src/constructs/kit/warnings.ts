// Things that a program may do and probably does not mean to. They are attached to the construct they are about and
// printed by whoever synthesises; nothing is rendered and nothing is refused because of them.
import type { Construct, IConstruct } from 'constructs';

const WARNING = 'mcpruntime.org/warning';

/** A remark about one construct of a program. */
export interface Warning {
  /** Path of the construct: `quickstart/notes/sessions/demo`. */
  readonly path: string;
  readonly message: string;
}

export function warn(construct: Construct, message: string): void {
  construct.node.addMetadata(WARNING, message);
}

/** The warnings of one construct, without those of its children. */
export function warningsOf(construct: IConstruct): readonly Warning[] {
  return construct.node.metadata
    .filter((entry) => entry.type === WARNING)
    .map((entry) => ({ path: construct.node.path, message: String(entry.data) }));
}
