// A call that a test asks about.
import type { Assurance, Principal } from '#api/principal.ts';
import type { ResolvedServer } from '#api/resolve.ts';

interface CallOfTool {
  /** `notes`, or `team-a/notes` where there are several. */
  readonly server: string;
  readonly tool: string;
  readonly human?: string;
  readonly agent?: string;
  /** A token may carry several; by headers only the first counts. */
  readonly teams?: readonly string[];
  /** What the tool is given, for grants with a condition. */
  readonly arguments?: unknown;
  /** How sure the proxy is of who calls. @default as sure as the server's `auth` makes it */
  readonly assurance?: Assurance;
}

/** Whether a session is live depends on the time, so a call with one says when it is made. */
export type Call = CallOfTool &
  (
    | { readonly session?: undefined; readonly at?: undefined }
    | {
        /** `name` in the server's namespace, or `namespace/name`. */
        readonly session: string;
        /** RFC 3339, or a date. Sessions count as made at this time. */
        readonly at: string | Date;
      }
  );

/** @throws RangeError where it is no time */
export function timeOf({ at = new Date(0) }: Call): number {
  const ms = typeof at === 'string' ? Date.parse(at) : at.getTime();
  if (Number.isNaN(ms))
    throw new RangeError(`at: ${String(at)} is no time; write one such as 2030-01-01T00:00:00Z`);
  return ms;
}

function assuranceOf({ gateway }: ResolvedServer): Assurance {
  const mode = gateway?.auth.mode ?? 'none';
  switch (mode) {
    case 'none':
      return 'anonymous';
    case 'header':
      return 'asserted';
    case 'oauth':
    case 'mtls':
      return 'verified';
  }
}

export function principalOf(call: Call, resolved: ResolvedServer): Principal {
  const { human, agent, teams = [], assurance = assuranceOf(resolved) } = call;
  if (assurance === 'anonymous') return { assurance, teams: [] };
  return { assurance, human, agent, teams: assurance === 'asserted' ? teams.slice(0, 1) : teams };
}
