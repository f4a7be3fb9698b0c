// Who calls, from the head alone. Identity headers count only where the server's policy says that headers identify
// callers; everywhere else they are noise that is never forwarded.
import type { Principal } from '#api/principal.ts';
import type { EdgeReason } from '#api/reasons.ts';
import type { PolicyDocument } from '#policy/document.ts';
import type { RequestHead } from './request-head.ts';

/** Names of the identity headers, lower case. */
export interface IdentityHeaders {
  readonly human: string;
  readonly agent: string;
  readonly team: string;
  readonly session: string;
}

export interface Caller {
  readonly principal: Principal;
  /** The session that was presented, as presented. */
  readonly session: string | undefined;
}

export type CallerResult =
  { readonly ok: true; readonly caller: Caller } | { readonly ok: false; readonly reason: EdgeReason };

export function identityHeadersOf({ auth }: PolicyDocument): IdentityHeaders {
  return {
    human: auth.humanHeader.toLowerCase(),
    agent: auth.agentHeader.toLowerCase(),
    team: auth.teamHeader.toLowerCase(),
    session: auth.sessionHeader.toLowerCase(),
  };
}

/** Printable ASCII: other bytes are read as Latin-1 by one side and UTF-8 by the other. */
const PRINTABLE = /^[\x20-\x7e]{0,253}$/;

const ANONYMOUS: Principal = { assurance: 'anonymous', teams: [] };

/** Reads the caller for the modes `none` and `header`. */
export function readCaller(
  head: RequestHead,
  headers: IdentityHeaders,
  mode: 'none' | 'header',
): CallerResult {
  let human: string | undefined;
  let agent: string | undefined;
  let team: string | undefined;
  let session: string | undefined;
  const { names, values } = head;
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at];
    if (
      name !== headers.human &&
      name !== headers.agent &&
      name !== headers.team &&
      name !== headers.session
    ) {
      continue;
    }
    if (names.indexOf(name, at + 1) !== -1) return { ok: false, reason: 'header_conflict' };
    const sent = values[at] ?? '';
    if (!PRINTABLE.test(sent)) return { ok: false, reason: 'bad_request_framing' };
    const value = sent.trim();
    if (value === '') continue;
    if (name === headers.human) human = value;
    else if (name === headers.agent) agent = value;
    else if (name === headers.team) team = value;
    else session = value;
  }
  if (mode === 'none') return { ok: true, caller: { principal: ANONYMOUS, session } };
  const teams = team === undefined ? [] : [team];
  return { ok: true, caller: { principal: { assurance: 'asserted', human, agent, teams }, session } };
}

/** One text per caller, for counting and for binding sessions. No two callers share one. */
export function subjectKeyOf({ assurance, human, agent, teams }: Principal): string {
  return `${assurance}\0${human ?? ''}\0${agent ?? ''}\0${teams.join('\0')}`;
}

export function hasIdentity({ human, agent, teams }: Principal): boolean {
  return human !== undefined || agent !== undefined || teams.length > 0;
}
