// How a server is started on a laptop. It travels as metadata of the construct, so that no manifest ever holds a
// path of somebody's machine.
import type { IConstruct } from 'constructs';
import { z } from 'zod';

export interface LocalCommand {
  /** Program to start, found on PATH, or a path. It listens on the port that it finds in `PORT`. */
  readonly command: string;
  readonly args?: readonly string[] | undefined;
  /** Folder to start it in, absolute: `import.meta.dirname`. @default where the local platform was started */
  readonly cwd?: string | undefined;
  /** Variables besides those of the server's own `env`. */
  readonly env?: Readonly<Record<string, string>> | undefined;
}

const LOCAL_COMMAND = 'mcpruntime.org/local-command';

const localCommand = z.object({
  command: z.string().min(1),
  args: z.array(z.string()).readonly().optional(),
  cwd: z.string().min(1).optional(),
  env: z.record(z.string(), z.string()).readonly().optional(),
});

export function setLocalCommand(construct: IConstruct, command: LocalCommand): void {
  construct.node.addMetadata(LOCAL_COMMAND, command);
}

/** The command of a construct, or undefined where it has none. Read by shape, not by class, so that a program may bring its own copy of this library. */
export function localCommandOf(construct: IConstruct): LocalCommand | undefined {
  const entry = construct.node.metadata.find(({ type }) => type === LOCAL_COMMAND);
  return entry === undefined ? undefined : localCommand.parse(entry.data);
}
