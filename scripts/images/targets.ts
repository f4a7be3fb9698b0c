// What there are images of: the platform's programs, and the quickstart's servers for tests on a real node.

export const PROGRAMS = ['operator', 'distributor', 'proxy', 'sentinel'] as const;

export const SERVERS = ['notes', 'everything'] as const;

export const TARGETS = [...PROGRAMS, ...SERVERS] as const;

export type ProgramTarget = (typeof PROGRAMS)[number];

export type Target = (typeof TARGETS)[number];

export function isTarget(name: string): name is Target {
  return TARGETS.some((target) => target === name);
}

export function isProgram(target: Target): target is ProgramTarget {
  return PROGRAMS.some((program) => program === target);
}
