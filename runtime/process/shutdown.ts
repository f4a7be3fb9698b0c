// Ends a program in order: on SIGTERM or SIGINT each step runs once, last registered first, under one deadline.
// A second signal, or the deadline, ends at once.
import type { Log } from './log.ts';

export interface ShutdownStep {
  readonly name: string;
  /** `signal` fires at the deadline; a step that ignores it is left behind. */
  readonly run: (signal: AbortSignal) => Promise<void> | void;
}

export interface ShutdownOptions {
  readonly log: Log;
  /** Milliseconds for all steps together. */
  readonly deadlineMs: number;
  /** Ends the process; `process.exit` by default. */
  readonly exit?: (code: number) => void;
  /** Where signals come from; the process by default. */
  readonly signals?: NodeJS.EventEmitter;
}

export class Shutdown {
  private readonly steps: ShutdownStep[] = [];
  private readonly options: ShutdownOptions;
  private ending: Promise<number> | undefined;

  constructor(options: ShutdownOptions) {
    this.options = options;
    const signals = options.signals ?? process;
    for (const name of ['SIGTERM', 'SIGINT']) signals.on(name, () => this.onSignal(name));
  }

  add(step: ShutdownStep): void {
    this.steps.push(step);
  }

  /** Runs the steps; resolves to the exit code: 0, or 1 where a step failed or the deadline passed. */
  run(): Promise<number> {
    this.ending ??= this.runSteps();
    return this.ending;
  }

  private onSignal(name: string): void {
    const exit = this.options.exit ?? process.exit.bind(process);
    if (this.ending !== undefined) {
      this.options.log.warn({ signal: name }, 'Ending at once: a second signal came while shutting down.');
      exit(1);
      return;
    }
    this.options.log.info({ signal: name }, 'Shutting down.');
    void this.run().then((code) => exit(code));
  }

  private async runSteps(): Promise<number> {
    const deadline = AbortSignal.timeout(this.options.deadlineMs);
    let code = 0;
    for (const step of this.steps.toReversed()) {
      const failed = await runStep(step, deadline);
      if (failed === undefined) continue;
      code = 1;
      this.options.log.error({ step: step.name, error: failed }, 'A shutdown step did not end well.');
    }
    return code;
  }
}

/** Resolves to what went wrong, if anything did. */
async function runStep(step: ShutdownStep, deadline: AbortSignal): Promise<unknown> {
  const late = Promise.withResolvers<never>();
  const onLate = (): void => late.reject(new Error(`The deadline passed before '${step.name}' ended.`));
  if (deadline.aborted) onLate();
  deadline.addEventListener('abort', onLate, { once: true });
  try {
    await Promise.race([Promise.resolve(step.run(deadline)), late.promise]);
    return undefined;
  } catch (error) {
    return error;
  } finally {
    deadline.removeEventListener('abort', onLate);
  }
}
