// A program as its own tests look at it: what it renders, and what its policy decides.
import { App } from 'cdk8s';
import { parseResource } from '#api/parse.ts';
import { MCPAccessGrant } from '#api/mcp-access-grant.ts';
import { MCPAgentSession } from '#api/mcp-agent-session.ts';
import type { Kind } from '#api/kind.ts';
import { viewOf, type ProgramView, type SeenServer } from '#checks/program-view.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import type { Warning } from '#constructs/kit/warnings.ts';
import { compilePolicy } from '#policy/compile.ts';
import { decide } from '#policy/decide.ts';
import type { Decision } from '#policy/decision.ts';
import { indexPolicy } from '#policy/policy-index.ts';
import { synthesiseApp, type Program, type SynthesisedProgram } from '#render/synthesise.ts';
import { principalOf, timeOf, type Call } from './call.ts';

export class TestedProgram {
  /** Its charts, as every way out has them. */
  readonly synthesised: SynthesisedProgram;
  /** Its servers, grants and sessions, read as the API server would read them. */
  readonly view: ProgramView;

  constructor(program: Program) {
    const app = new App();
    program(app);
    this.synthesised = synthesiseApp(app);
    this.view = viewOf(app.node.findAll());
  }

  /** Every object, in the order of the program. */
  get objects(): readonly Manifest[] {
    return this.synthesised.charts.flatMap(({ objects }) => objects.map(({ manifest }) => manifest));
  }

  get warnings(): readonly Warning[] {
    return this.synthesised.warnings;
  }

  /**
   * One object.
   * @param name `name`, or `namespace/name` where there are several
   * @throws RangeError where there is none, or more than one
   */
  object(kind: string, name: string): Manifest {
    const found = this.objects.filter(
      ({ kind: own, metadata }) => own === kind && isNamed(metadata.namespace, metadata.name, name),
    );
    return onlyOne(found, `${kind} ${name}`);
  }

  /**
   * What the proxy of a server would decide about a call, with the grants and sessions of this program and no others.
   * @throws RangeError where there is no such server
   */
  decide(call: Call): Decision {
    const seen = this.server(call.server);
    const nowMs = timeOf(call);
    const ofKind = (kind: Kind) => this.made(kind, nowMs);
    const { document } = compilePolicy({
      server: seen.resource,
      grants: ofKind(MCPAccessGrant),
      sessions: ofKind(MCPAgentSession),
      tombstones: [],
      config: this.view.config,
      inputs: { servers: '1', grants: '1', sessions: '1', tombstones: '0' },
      epoch: 0,
    });
    const request = {
      principal: principalOf(call, seen.resolved),
      method: 'tools/call',
      tool: call.tool,
      session: call.session,
      readArguments: () => call.arguments ?? {},
    };
    return decide(indexPolicy(document), request, nowMs);
  }

  private server(name: string): SeenServer {
    const found = this.view.servers.filter(({ resource: { metadata } }) =>
      isNamed(metadata.namespace, metadata.name, name),
    );
    return onlyOne(found, `MCPServer ${name}`);
  }

  /** As they are in a cluster in which they were made just now: a session's lifetime counts from there. */
  private made(kind: Kind, nowMs: number): readonly unknown[] {
    const creationTimestamp = new Date(nowMs).toISOString();
    return this.objects
      .filter((object) => parseResource(kind, object).ok)
      .map((object) => ({ ...object, metadata: { ...object.metadata, creationTimestamp } }));
  }
}

const isNamed = (namespace: string | undefined, own: string, name: string) =>
  name.includes('/') ? name === `${namespace ?? ''}/${own}` : name === own;

function onlyOne<Item>(found: readonly Item[], what: string): Item {
  const [first, ...others] = found;
  if (first === undefined) throw new RangeError(`the program has no ${what}`);
  if (others.length === 0) return first;
  throw new RangeError(`the program has ${found.length} of ${what}; say namespace/name`);
}

/**
 * Runs a program for a test.
 * @throws whatever the program throws, InvalidProgramError
 */
export function synth(program: Program): TestedProgram {
  return new TestedProgram(program);
}
