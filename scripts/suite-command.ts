// The frame of a command that runs a suite: its help, arguments that make no sense, Ctrl-C, what went wrong in a sentence,
// and the last line, `N passed, N failed`, by which CI knows what came of it.

export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** One run. What it started it has ended when it is over, however that was. */
export interface SuiteRun {
  /** @returns `kept` where nothing was tested, because people had it for themselves */
  run(): Promise<Counts | 'kept'>;
  /** Ends what runs now; the rest of the run is left out. */
  interrupt(): void;
  readonly wasInterrupted: boolean;
}

/** Errors that say by themselves how to go on; of all others people get the stack. */
export type Foreseen = readonly (abstract new (...args: never[]) => Error & { readonly code: string })[];

export interface SuiteCommand<Arguments> {
  readonly usage: string;
  /** Undefined for what makes no sense. */
  readonly read: (given: readonly string[]) => Arguments | undefined;
  readonly start: (read: Arguments) => SuiteRun | Promise<SuiteRun>;
  readonly say: (line: string) => void;
  readonly foreseen: Foreseen;
}

const EXIT = { failed: 1, usage: 2, interrupted: 130 } as const;

/** @returns what the process ends with */
export async function suiteCommand<Arguments>(
  { usage, read, start, say, foreseen }: SuiteCommand<Arguments>,
  given: readonly string[],
): Promise<number> {
  if (given.includes('--help')) {
    console.log(usage);
    return 0;
  }
  const understood = read(given);
  if (understood === undefined) {
    console.error(usage);
    return EXIT.usage;
  }
  let running: SuiteRun | undefined;
  try {
    const run = await start(understood);
    running = run;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => run.interrupt());
    const counts = await run.run();
    if (counts === 'kept') return 0;
    if (run.wasInterrupted) return EXIT.interrupted;
    return concluded(counts, say);
  } catch (error) {
    if (running?.wasInterrupted === true) return EXIT.interrupted;
    explain(error, foreseen, say);
    return concluded({ passed: 0, failed: 1 }, say);
  }
}

/** Says what went wrong: what is foreseen in a sentence, anything else with its stack. */
export function explain(error: unknown, foreseen: Foreseen, say: (line: string) => void): void {
  for (const kind of foreseen) {
    if (!(error instanceof kind)) continue;
    say(`${error.code}: ${error.message}`);
    return;
  }
  console.error(error);
}

/** A run that found nothing to test has proven nothing. */
function concluded({ passed, failed }: Counts, say: (line: string) => void): number {
  const isEmpty = passed + failed === 0;
  if (isEmpty) say('no test matches');
  const bad = isEmpty ? 1 : failed;
  console.log(`${passed} passed, ${bad} failed`);
  return bad === 0 ? 0 : EXIT.failed;
}
