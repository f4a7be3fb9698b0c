// What a check is: a pure look at the whole program, for what no construct can see by itself or may refuse by itself.
import type { IConstruct } from 'constructs';
import type { ProgramView } from './program-view.ts';

/** `error`: nothing is rendered. `warning`: it is printed. `off`: it is not looked for. */
export type Severity = 'error' | 'warning' | 'off';

/** What a check found, about one construct. */
export interface Finding {
  readonly construct: IConstruct;
  /** What is wrong and what to do, in words that continue `path: …`. */
  readonly message: string;
}

export interface Check<Name extends string = string> {
  readonly name: Name;
  /** What it finds, for people: docs/checks.md. */
  readonly finds: string;
  readonly severity: Severity;
  /** Where the profile is `production`. @default the same */
  readonly inProduction?: Severity;
  /** Whether a program may say that it means what is found (`silence`). What can never work may not. */
  readonly mayBeMeant: boolean;
  readonly find: (program: ProgramView) => readonly Finding[];
}

/** Keeps the exact name of a check. */
export function defineCheck<const Name extends string>(check: Check<Name>): Check<Name> {
  return check;
}
