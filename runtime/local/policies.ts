// The policy of each server, compiled here as the operator compiles it in a cluster, and put where its proxy looks.
import { API_VERSION } from '#api/kind.ts';
import { DEFAULT_OPERATOR_CONFIG } from '#api/operator-config.ts';
import { objectKey, type ObjectRef } from '#api/principal.ts';
import { compilePolicy } from '#policy/compile.ts';
import { isBehind, parsePolicy, renderPolicy, type PolicyDocument } from '#policy/document.ts';
import { refOf, type Model } from './model.ts';
import { readText, writeFileAtomically } from './state-dir.ts';
import type { Trouble } from './trouble.ts';

export interface CompiledServer {
  readonly ref: ObjectRef;
  readonly document: PolicyDocument;
  /** What is wrong with single grants and sessions; the rest of them counts. */
  readonly troubles: readonly Trouble[];
}

/** Compiles the policy of every server. @param version the newest change of any object, as a resource version */
export function compilePolicies(program: string, model: Model, version: string): readonly CompiledServer[] {
  const raw = (kind: string, objects: readonly object[]): readonly unknown[] =>
    objects.map((object) => ({ apiVersion: API_VERSION, kind, ...object }));
  const grants = raw('MCPAccessGrant', model.grants);
  const sessions = raw('MCPAgentSession', model.sessions);
  return model.servers.map((server) => {
    const { document, reports } = compilePolicy({
      server,
      grants,
      sessions,
      // Revocations are worked into the sessions themselves, and kept for those that are gone.
      tombstones: [],
      config: DEFAULT_OPERATOR_CONFIG,
      inputs: { servers: version, grants: version, sessions: version, tombstones: version },
      epoch: 0,
    });
    const ofGrants = reports.grants
      .filter(({ state }) => state !== 'unbound')
      .flatMap((report) =>
        [...report.problems, ...report.warnings].map(({ path, message }) =>
          objectTrouble(program, `grant ${objectKey(report)}`, `${path}: ${message}`),
        ),
      );
    const ofSessions = reports.sessions.flatMap((report) =>
      report.problems.map(({ path, message }) =>
        objectTrouble(program, `session ${objectKey(report)}`, `${path}: ${message}`),
      ),
    );
    const ref = refOf(server);
    return { ref, document, troubles: [...ofGrants, ...ofSessions] };
  });
}

function objectTrouble(program: string, object: string, problem: string): Trouble {
  return {
    code: 'policy_invalid',
    what: `The ${object} is not right: ${problem}.`,
    where: program,
    remedy: `Correct it and save. Everything else of the program is in force.`,
  };
}

/** Leaves the document where the proxy reads it, unless the same policy lies there already. */
export async function writePolicy(file: string, document: PolicyDocument): Promise<void> {
  const text = await readText(file);
  const present = text === undefined ? undefined : parsePolicy(text);
  const isSame =
    present?.ok === true &&
    present.value.revision === document.revision &&
    !isBehind(document, present.value);
  if (!isSame) await writeFileAtomically(file, renderPolicy(document));
}
