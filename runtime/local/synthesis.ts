// What a program comes to: the objects it renders, and how its servers run on this machine. It crosses from the
// process that loads the program to the platform, so it is plain data with a schema.
import { z } from 'zod';

/** A rendered object; only what the platform looks at is named, the rest is kept. */
const renderedObject = z
  .object({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: z.object({ name: z.string(), namespace: z.string().optional() }).loose(),
    spec: z.unknown().optional(),
  })
  .loose();

const localCommand = z.object({
  command: z.string().min(1),
  args: z.array(z.string()).readonly().optional(),
  cwd: z.string().min(1).optional(),
  env: z.record(z.string(), z.string()).optional(),
});

const localServer = z.object({
  namespace: z.string(),
  name: z.string(),
  /** Path of its construct, for errors. */
  path: z.string(),
  local: localCommand.optional(),
});

/** One file of manifests. */
const manifestFile = z.object({ name: z.string(), text: z.string() });

export const synthesis = z.object({
  objects: z.array(renderedObject).readonly(),
  manifests: z.array(manifestFile).readonly(),
  servers: z.array(localServer).readonly(),
  warnings: z.array(z.object({ path: z.string(), message: z.string() })).readonly(),
});

export type Synthesis = z.output<typeof synthesis>;
export type ProgramObject = z.output<typeof renderedObject>;
export type LocalServer = z.output<typeof localServer>;
export type LocalCommand = z.output<typeof localCommand>;

/** What the loading process sends: one message, then it ends. */
export const loadMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('synthesised'), synthesis }),
  z.object({
    kind: z.literal('failed'),
    message: z.string(),
    /** The stack, where the error had one. */
    stack: z.string(),
    /** `program_invalid`: it ran, and what it describes can't be. */
    code: z.enum(['program_failed', 'program_invalid']),
  }),
]);

export type LoadMessage = z.output<typeof loadMessage>;
