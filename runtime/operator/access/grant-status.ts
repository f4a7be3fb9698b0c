// What a grant's status says: whether it is bound and in force, and if not, which field to change. Pure. A grant that is
// switched off is not a fault; one that nobody can carry out is, and its denies stay in force meanwhile.
import { CONDITION_REASONS } from '#api/conditions.ts';
import type { MCPAccessGrant } from '#api/mcp-access-grant.ts';
import type { Condition } from '#api/schema.ts';
import type { Problem } from '#api/result.ts';
import type { GrantReport } from '#policy/compile.ts';
import type { ServerPolicy } from '#runtime/policy-book/policy-book.ts';
import { bondOf, conditionsOf, sentenceOf, type Bond, type Standing } from './findings.ts';
import type { z } from 'zod';

export type McpAccessGrantStatus = z.output<typeof MCPAccessGrant.status>;

export interface GrantStatusInput {
  readonly namespace: string;
  readonly generation: number;
  /** What is wrong with the object by itself, none where it can be read. */
  readonly problems: readonly Problem[];
  /** The server that it names. */
  readonly serverKey: string | undefined;
  readonly policy: ServerPolicy;
  /** What the compiler says of it; absent where nothing was compiled. */
  readonly report: GrantReport | undefined;
  readonly previous: readonly Condition[];
  readonly nowMs: number;
}

interface Judged extends Pick<Standing, 'active' | 'outlook'> {
  readonly phase: NonNullable<McpAccessGrantStatus['phase']>;
}

const { OBSERVED, INVALID_SPEC, DISABLED } = CONDITION_REASONS;

function faultOf({ state, reason, message }: Bond): Judged {
  if (state === 'server_invalid') {
    return { phase: 'Pending', active: { status: 'Unknown', reason, message }, outlook: 'reconciling' };
  }
  return { phase: 'Unbound', active: { status: 'False', reason, message }, outlook: 'stalled' };
}

function judge(input: GrantStatusInput, bond: Bond): Judged {
  const { report, serverKey } = input;
  const problems = input.problems.length > 0 ? input.problems : (report?.problems ?? []);
  if (problems.length > 0) {
    const message = `${sentenceOf(problems)}. Nothing of it is allowed; what can be read of its denies stays in force.`;
    return {
      phase: 'Invalid',
      active: { status: 'False', reason: INVALID_SPEC, message },
      outlook: 'stalled',
    };
  }
  if (bond.state !== 'bound') return faultOf(bond);
  const warnings = report?.warnings ?? [];
  const notes = warnings.length === 0 ? '' : ` ${sentenceOf(warnings)}.`;
  if (report?.state === 'disabled') {
    const message = `spec.disabled is true, so it neither allows nor denies.${notes}`;
    return { phase: 'Disabled', active: { status: 'False', reason: DISABLED, message }, outlook: 'ready' };
  }
  const message = `In force for callers of ${serverKey ?? ''}.${notes}`;
  return { phase: 'Active', active: { status: 'True', reason: OBSERVED, message }, outlook: 'ready' };
}

export function grantStatus(input: GrantStatusInput): McpAccessGrantStatus {
  const { serverKey, namespace, policy, report, generation, previous, nowMs } = input;
  const bond = bondOf(serverKey, namespace, policy, report?.state);
  const { phase, active, outlook } = judge(input, bond);
  return {
    observedGeneration: generation,
    phase,
    message: active.message,
    ...(bond.state === 'bound' && serverKey !== undefined && { boundServer: serverKey }),
    conditions: conditionsOf({ bond, active, outlook }, { conditions: previous, generation, nowMs }),
  };
}
