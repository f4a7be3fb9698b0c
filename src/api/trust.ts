/** Trust levels, in ascending order. */
export const TRUST_LEVELS = ['low', 'medium', 'high'] as const;

/** How far a grant or a session trusts its subject, and how much trust a tool asks for. */
export type Trust = (typeof TRUST_LEVELS)[number];

/** The levels as constants: `Trust.HIGH` reads better in a program than `'high'`. */
export const Trust = { LOW: 'low', MEDIUM: 'medium', HIGH: 'high' } as const satisfies Record<string, Trust>;

const RANK: Readonly<Record<Trust, number>> = { low: 1, medium: 2, high: 3 };

/** 1 for low, 2 for medium, 3 for high. */
export function trustRank(trust: Trust): number {
  return RANK[trust];
}

/** The lower of two levels; this is how grant and consent combine. */
export function lowerTrust(a: Trust, b: Trust): Trust {
  return RANK[a] <= RANK[b] ? a : b;
}

/** The higher of two levels; this is how a tool's and a rule's requirement combine. */
export function higherTrust(a: Trust, b: Trust): Trust {
  return RANK[a] >= RANK[b] ? a : b;
}
