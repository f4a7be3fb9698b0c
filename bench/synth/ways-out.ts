// The ways out of a program that are measured. Each takes a synthesised program to everything that leaves it and says how
// many servers, grants and sessions that was.
import { runtime } from '@pulumi/pulumi';
import { renderGitOps, renderYaml, type SynthesisedProgram } from '@mcp-runtime/platform';

/** Loads what it needs, which isn't counted. */
type WayOut = () => Promise<(program: SynthesisedProgram) => Promise<number>>;

function objectsIn(files: readonly { readonly text: string }[]): number {
  return files.reduce((sum, { text }) => sum + (text.match(/^kind: MCP/gm)?.length ?? 0), 0);
}

/**
 * Registers with mocks in place of an engine and waits until everything is registered: Pulumi makes, reads and answers
 * its messages, and only doesn't send them.
 */
const pulumi: WayOut = async () => {
  let objects = 0;
  const newResource = ({ name, type }: runtime.MockResourceArgs) => {
    if (type.includes(':MCP')) objects += 1;
    return { id: name, state: {} };
  };
  await runtime.setMocks({ newResource, call: () => ({}) }, 'project', 'stack');
  // Only when there are mocks: a resource that is made before has no engine.
  const { registerPulumi } = await import('@mcp-runtime/platform/pulumi');
  return async (program) => {
    registerPulumi(program);
    await runtime.disconnect();
    return objects;
  };
};

export const waysOut = {
  yaml: () => Promise.resolve((program) => Promise.resolve(objectsIn(renderYaml(program)))),
  gitops: () => Promise.resolve((program) => Promise.resolve(objectsIn(renderGitOps(program)))),
  pulumi,
} as const satisfies Record<string, WayOut>;

export type WayOutName = keyof typeof waysOut;

export function isWayOut(name: string): name is WayOutName {
  return Object.hasOwn(waysOut, name);
}
