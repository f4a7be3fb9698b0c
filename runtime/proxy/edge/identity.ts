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

/** The identity headers of a request, as they were sent. */
export interface SentIdentity {
  readonly human: string | undefined;
  readonly agent: string | undefined;
  readonly team: string | undefined;
  readonly session: string | undefined;
}

/** Undefined where one of them was sent twice. */
export function sentIdentity(
  { names, values }: RequestHead,
  headers: IdentityHeaders,
): SentIdentity | undefined {
  let human: string | undefined;
  let agent: string | undefined;
  let team: string | undefined;
  let session: string | undefined;
  for (let at = 0; at < names.length; at += 1) {
    const value = values[at] ?? '';
    switch (names[at]) {
      case headers.human:
        if (human !== undefined) return undefined;
        human = value;
        break;
      case headers.agent:
        if (agent !== undefined) return undefined;
        agent = value;
        break;
      case headers.team:
        if (team !== undefined) return undefined;
        team = value;
        break;
      case headers.session:
        if (session !== undefined) return undefined;
        session = value;
        break;
      default:
    }
  }
  return { human, agent, team, session };
}

/** Modes in which headers say who calls, if anything does. */
export type HeaderMode = 'none' | 'header';

/** Reads the caller; what is empty counts as not sent. */
export function readCaller(sent: SentIdentity, mode: HeaderMode): CallerResult {
  for (const value of [sent.human, sent.agent, sent.team, sent.session]) {
    if (value !== undefined && !PRINTABLE.test(value)) return { ok: false, reason: 'bad_request_framing' };
  }
  const session = saidIn(sent.session);
  if (mode === 'none') return { ok: true, caller: { principal: ANONYMOUS, session } };
  const team = saidIn(sent.team);
  const teams = team === undefined ? [] : [team];
  const principal: Principal = {
    assurance: 'asserted',
    human: saidIn(sent.human),
    agent: saidIn(sent.agent),
    teams,
  };
  return { ok: true, caller: { principal, session } };
}

function saidIn(value: string | undefined): string | undefined {
  const said = value?.trim();
  return said === '' ? undefined : said;
}

/** One text per caller, for counting and for binding sessions. No two callers share one. */
export function subjectKeyOf({ assurance, human, agent, teams }: Principal): string {
  return `${assurance}\0${human ?? ''}\0${agent ?? ''}\0${teams.join('\0')}`;
}

export function hasIdentity({ human, agent, teams }: Principal): boolean {
  return human !== undefined || agent !== undefined || teams.length > 0;
}
