/** What a tool does to the world, from harmless to irreversible. The operator's user declares it; the server's own annotations never widen it. */
export const SIDE_EFFECTS = ['read', 'write', 'destructive'] as const;

export type SideEffect = (typeof SIDE_EFFECTS)[number];

export const SideEffect = {
  READ: 'read',
  WRITE: 'write',
  DESTRUCTIVE: 'destructive',
} as const satisfies Record<string, SideEffect>;

/** Declared for reviewers and recorded in audit; it never decides. */
export const RISK_LEVELS = ['low', 'medium', 'high'] as const;

export type RiskLevel = (typeof RISK_LEVELS)[number];

/**
 * The risk shown for a tool: the declared one, else derived from its side effect and the trust it asks for.
 * Destructive or high trust is high, write or medium trust is medium, everything else is low.
 */
export function riskLevelOf(tool: {
  readonly riskLevel?: RiskLevel | undefined;
  readonly sideEffect?: SideEffect | undefined;
  readonly requiredTrust: RiskLevel;
}): RiskLevel {
  if (tool.riskLevel !== undefined) return tool.riskLevel;
  if (tool.sideEffect === 'destructive' || tool.requiredTrust === 'high') return 'high';
  if (tool.sideEffect === 'write' || tool.requiredTrust === 'medium') return 'medium';
  return 'low';
}
