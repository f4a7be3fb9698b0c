// What a grant says about single tools.
import type { Trust } from '#api/trust.ts';

export interface ToolRule {
  /** Name of the tool, as the server declares it. */
  readonly name: string;
  readonly decision: 'allow' | 'deny';
  /** Trust this rule asks for on top of the tool's own. @default low, which asks for nothing more */
  readonly requiredTrust?: Trust;
  /** CEL over `args`, `subject` and `tool`; the rule applies where it is true. @default always */
  readonly condition?: string;
}

type AllowOptions = Pick<ToolRule, 'requiredTrust' | 'condition'>;
type DenyOptions = Pick<ToolRule, 'condition'>;

export const ToolRule = {
  /** The tool may be called, within the side effects and the trust of the grant. */
  allow: (name: string, options: AllowOptions = {}): ToolRule => ({ name, decision: 'allow', ...options }),
  /** Nobody whom the grant matches may call the tool, whatever other grants say. */
  deny: (name: string, options: DenyOptions = {}): ToolRule => ({ name, decision: 'deny', ...options }),
} as const;
