// The tools of a server as its operator's user declares them. A tool that is not declared can't be called, and what a
// server says about its own tools never widens what is declared here.
import type { RiskLevel, SideEffect } from '#api/side-effect.ts';
import type { Trust } from '#api/trust.ts';

/** How often something may happen, at each proxy of a server. */
export interface Rate {
  /** On average. */
  readonly perMinute: number;
  /** How many may come at once. @default those of two seconds, at least 1 */
  readonly burst?: number;
}

export interface Tool {
  /** Name, as the server offers it. */
  readonly name: string;
  /** What the tool does to the world. */
  readonly sideEffect: SideEffect;
  /** Trust a caller needs. @default as much as the side effect suggests: low to read, medium to write, high to destroy */
  readonly requiredTrust?: Trust;
  readonly description?: string;
  /** Shown to reviewers; it decides nothing. @default derived from side effect and trust */
  readonly riskLevel?: RiskLevel;
  /** How often one caller may call the tool. @default as often as the server takes requests of a caller */
  readonly rate?: Rate;
  readonly labels?: Readonly<Record<string, string>>;
}

type ToolOptions = Omit<Tool, 'name' | 'sideEffect'>;

const TRUST_BY_EFFECT: Readonly<Record<SideEffect, Trust>> = {
  read: 'low',
  write: 'medium',
  destructive: 'high',
};

export const Tool = {
  /** A tool that only looks. */
  read: (name: string, options: ToolOptions = {}): Tool => ({ name, sideEffect: 'read', ...options }),
  /** A tool that changes something, in a way that can be undone. */
  write: (name: string, options: ToolOptions = {}): Tool => ({ name, sideEffect: 'write', ...options }),
  /** A tool whose effect can't be undone. */
  destructive: (name: string, options: ToolOptions = {}): Tool => ({
    name,
    sideEffect: 'destructive',
    ...options,
  }),
} as const;

/** The tool with its trust written out, as the manifest has it. */
export function toolSpec(tool: Tool): Tool {
  return { ...tool, requiredTrust: tool.requiredTrust ?? TRUST_BY_EFFECT[tool.sideEffect] };
}
