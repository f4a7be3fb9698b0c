// Which tools a caller sees in a list: those that a call would pass for now. Asked tool by tool through the same
// decision as a call, so that what isn't listed can't be called, and the other way round.
import type { PolicyRequest } from './decision.ts';
import { decide } from './decide.ts';
import type { PolicyIndex } from './policy-index.ts';
import { standingOf } from './standing.ts';

/** Who asks for a list. */
export type Caller = Pick<PolicyRequest, 'principal' | 'session' | 'standing' | 'sessionLastUsedMs'>;

/** Whether a tool that the server offers is shown to the caller, declared or not. */
export function isToolVisible(index: PolicyIndex, caller: Caller, tool: string, nowMs: number): boolean {
  const { principal, session, standing, sessionLastUsedMs } = caller;
  const who = { principal, session, standing, sessionLastUsedMs };
  const request = { ...who, method: 'tools/call', tool, listing: true };
  return decide(index, request, nowMs).outcome !== 'deny';
}

/** Names of the declared tools that the caller sees, in the order of the document. */
export function visibleTools(index: PolicyIndex, caller: Caller, nowMs: number): readonly string[] {
  const known = { ...caller, standing: standingOf(index, caller.principal, caller.session) };
  return index.document.tools
    .filter(({ name }) => isToolVisible(index, known, name, nowMs))
    .map(({ name }) => name);
}
