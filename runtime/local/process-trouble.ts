// Why a program does not run, as the one error that somebody reads about it.
import type { Trouble } from './trouble.ts';

export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where the program was asked for, for errors: a file with its line, a construct path. */
  readonly origin: string;
  /** What the program has to do to count as running: "listen on PORT 4711". */
  readonly readiness: string;
  /** What to do where it never gets there. */
  readonly readinessRemedy: string;
}

export interface NotStarted {
  readonly kind: 'not_started';
  readonly message: string;
}

/** How one run of a program ended. */
export type RunEnd =
  | { readonly kind: 'exited'; readonly how: string; readonly wasStable: boolean }
  | { readonly kind: 'never_ready' }
  | NotStarted;

/** What is known when a program is given up on. */
export interface LastRun {
  readonly spec: ProcessSpec;
  /** Crashes in a row. */
  readonly crashes: number;
  readonly evidence: readonly string[];
  readonly startMs: number;
  readonly logFile: string;
}

export function processTrouble(end: RunEnd, { spec, crashes, evidence, startMs, logFile }: LastRun): Trouble {
  const where = `${spec.origin}: ${[spec.command, ...spec.args].join(' ')}`;
  const retry = 'then save the program to try again';
  switch (end.kind) {
    case 'not_started':
      return {
        code: 'command_not_found',
        what: `${spec.name} could not be started: ${end.message}.`,
        where,
        remedy: `Correct its command or its folder (${spec.cwd}), ${retry}.`,
      };
    case 'never_ready':
      return {
        code: 'never_listening',
        what: `${spec.name} did not ${spec.readiness} within ${startMs / 1000} s, so it was stopped.`,
        where,
        evidence,
        remedy: `${spec.readinessRemedy}, ${retry}. All output: ${logFile}`,
      };
    case 'exited':
      return {
        code: 'crash_loop',
        what: `${spec.name} ended ${crashes} times in a row, last with ${end.how}.`,
        where,
        evidence,
        remedy: `Mend what it says, ${retry}. All output: ${logFile}`,
      };
  }
}
