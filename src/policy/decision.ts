// What goes into a decision and what comes out of it.
import type { ObjectRef, Principal } from '#api/principal.ts';
import type { PolicyReason } from '#api/reasons.ts';
import type { RiskLevel, SideEffect } from '#api/side-effect.ts';
import type { Trust } from '#api/trust.ts';
import type { Standing } from './standing.ts';

/** JSON-RPC error code of a denial by policy; the reason is in `error.data.reason`. */
export const POLICY_DENIED_CODE = -32030;

/** One MCP message, as far as policy is concerned. */
export interface PolicyRequest {
  readonly principal: Principal;
  readonly method: string;
  /** `params.name` of `tools/call`. */
  readonly tool?: string | undefined;
  /** The presented session, `name` (in the server's namespace) or `namespace/name`. */
  readonly session?: string | undefined;
  /** What `standingOf` found for principal and session; looked up where it is left out, or is another policy's. */
  readonly standing?: Standing | undefined;
  /** When this proxy last let a request of that session pass, in epoch milliseconds; undefined: never. */
  readonly sessionLastUsedMs?: number | undefined;
  /** Reads `params.arguments`; called only where a condition needs them. */
  readonly readArguments?: (() => unknown) | undefined;
  /** Ask whether a tool would be listed: conditions on arguments count as met, as they can't be known yet. */
  readonly listing?: boolean | undefined;
}

/** What the caller would have to get, for people who may know that the tool exists. */
export interface Needed {
  readonly identity?: readonly string[] | undefined;
  readonly session?: true | undefined;
  readonly trust?: Trust | undefined;
  readonly sideEffect?: SideEffect | undefined;
  readonly grant?: true | undefined;
}

/** Trust as it was compared: `effective` is the lower of `admin` (the grant's) and `consented` (the session's). */
export interface TrustComparison {
  readonly required: Trust;
  readonly admin: Trust;
  readonly consented?: Trust | undefined;
  readonly effective: Trust;
}

export interface Decision {
  /** `would_deny`: observe mode; the request passes and `reason` says why it would not have. */
  readonly outcome: 'allow' | 'deny' | 'would_deny';
  readonly reason: PolicyReason;
  /** The reason that the caller may be told: `unknown_tool` where a tool is not theirs to know of. */
  readonly disclosedReason: PolicyReason;
  readonly needed?: Needed | undefined;
  /** Grant and session that decided, for attribution. */
  readonly grant?: ObjectRef | undefined;
  readonly session?: ObjectRef | undefined;
  readonly trust?: TrustComparison | undefined;
  readonly sideEffect?: SideEffect | undefined;
  readonly riskLevel?: RiskLevel | undefined;
}

/** One step of an explanation: what was looked at and what it meant. */
export interface ExplainedStep {
  readonly step: string;
  readonly outcome: 'pass' | 'fail' | 'note';
  readonly detail: string;
}

export interface Explanation {
  readonly decision: Decision;
  readonly steps: readonly ExplainedStep[];
}
