// The program as the platform understands it: typed objects instead of rendered ones. What an API server would refuse
// is refused here by the same rules, with the place.
import { MCPAccessGrant, type McpAccessGrant } from '#api/mcp-access-grant.ts';
import { MCPAgentSession, type McpAgentSession } from '#api/mcp-agent-session.ts';
import { MCPServer, type McpServer } from '#api/mcp-server.ts';
import { checkUpdate, parseResource } from '#api/parse.ts';
import { objectKey, type ObjectRef } from '#api/principal.ts';
import { err, ok, type Problem, type Result } from '#api/result.ts';
import type { ProgramObject, Synthesis } from './synthesis.ts';
import type { Trouble } from './trouble.ts';

export interface Model {
  readonly servers: readonly McpServer[];
  readonly grants: readonly McpAccessGrant[];
  readonly sessions: readonly McpAgentSession[];
}

/** Name and namespace of an object; without a namespace it is in `default`, as kubectl would have it. */
export function refOf(object: {
  readonly metadata: { readonly name: string; readonly namespace?: string | undefined };
}): ObjectRef {
  return { namespace: object.metadata.namespace ?? 'default', name: object.metadata.name };
}

/** The server that a grant or session speaks of. */
export function serverOf(object: McpAccessGrant | McpAgentSession): ObjectRef {
  const { name, namespace } = object.spec.serverRef;
  return { name, namespace: namespace ?? refOf(object).namespace };
}

export function isSameRef(a: ObjectRef, b: ObjectRef): boolean {
  return a.name === b.name && a.namespace === b.namespace;
}

/** Reads the rendered objects, or says everything that is wrong with them. */
export function readModel(program: string, synthesis: Synthesis): Result<Model, Trouble> {
  const problems: string[] = [];
  const read = <T>(kind: string, parse: (object: ProgramObject) => Result<T, readonly Problem[]>): T[] =>
    synthesis.objects
      .filter((object) => object.kind === kind)
      .flatMap((object) => {
        const parsed = parse(object);
        if (parsed.ok) return [parsed.value];
        problems.push(
          ...parsed.error.map(
            ({ path, message }) => `${kind} ${objectKey(refOf(object))}: ${path} ${message}`,
          ),
        );
        return [];
      });
  const model: Model = {
    servers: read(MCPServer.kind, (object) => parseResource(MCPServer, object)),
    grants: read(MCPAccessGrant.kind, (object) => parseResource(MCPAccessGrant, object)),
    sessions: read(MCPAgentSession.kind, (object) => parseResource(MCPAgentSession, object)),
  };
  return problems.length === 0
    ? ok(model)
    : err(invalid(program, 'It renders objects that no cluster would accept.', problems));
}

/** What forbids the step from one model to the next; a cluster would refuse the same. */
export function checkStep(program: string, before: Model, after: Model): Trouble | undefined {
  const problems = after.sessions.flatMap((session) => {
    const known = before.sessions.find((candidate) => isSameRef(refOf(candidate), refOf(session)));
    if (known === undefined) return [];
    const key = objectKey(refOf(session));
    // That a revoked session stays revoked is the platform's own doing and needs no edit of the program.
    const revoked = known.spec.revoked === true || session.spec.revoked === true;
    const next = revoked ? { ...session, spec: { ...session.spec, revoked: true } } : session;
    return checkUpdate(MCPAgentSession, known, next).map(({ message }) => `session ${key}: ${message}`);
  });
  return problems.length === 0
    ? undefined
    : invalid(program, 'The edit changes what cannot change.', problems);
}

function invalid(program: string, what: string, evidence: readonly string[]): Trouble {
  return {
    code: 'program_invalid',
    what,
    where: program,
    evidence,
    remedy: 'Mend these. Where a platform runs, saving the file is enough.',
  };
}
