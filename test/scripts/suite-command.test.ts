// What a command that runs a suite prints last, and what it ends with: CI knows a run by nothing else.
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { EngineError } from '#scripts/engines/engine-error.ts';
import { suiteCommand, type Counts, type SuiteRun } from '#scripts/suite-command.ts';

let printed: string[];
let said: string[];
beforeEach(() => {
  [printed, said] = [[], []];
  jest.spyOn(console, 'log').mockImplementation((line: string) => void printed.push(line));
  jest.spyOn(console, 'error').mockImplementation((line: unknown) => void said.push(String(line)));
});
afterEach(() => {
  jest.restoreAllMocks();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.removeAllListeners(signal);
});

/** A run that comes to this. */
function runOf(outcome: Counts | 'kept' | Error, wasInterrupted = false): SuiteRun {
  return {
    wasInterrupted,
    interrupt: () => undefined,
    run: () => (outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome)),
  };
}

async function ended(run: SuiteRun | Error, given: readonly string[] = []) {
  const code = await suiteCommand(
    {
      usage: 'how to',
      read: (args) => (args.includes('--wrong') ? undefined : args),
      start: () => {
        if (run instanceof Error) throw run;
        return run;
      },
      say: (line) => void said.push(line),
      foreseen: [EngineError],
    },
    given,
  );
  return { code, last: printed.at(-1) };
}

describe('a command that runs a suite', () => {
  it.each([
    ['passes', { passed: 3, failed: 0 }, 0, '3 passed, 0 failed'],
    ['fails', { passed: 2, failed: 1 }, 1, '2 passed, 1 failed'],
    ['found nothing to test', { passed: 0, failed: 0 }, 1, '0 passed, 1 failed'],
  ] as const)('that %s says so', async (_what, counts, code, last) => {
    expect(await ended(runOf(counts))).toEqual({ code, last });
  });

  it('counts what kept it from running as a failure, in a sentence where that was foreseen', async () => {
    const missing = new EngineError('go_missing', 'install Go');
    for (const outcome of [missing, runOf(missing)]) {
      said = [];
      expect(await ended(outcome)).toEqual({ code: 1, last: '0 passed, 1 failed' });
      expect(said).toEqual(['go_missing: install Go']);
    }
    expect(await ended(runOf(new TypeError('a defect')))).toEqual({ code: 1, last: '0 passed, 1 failed' });
    expect(said.at(-1)).toContain('a defect');
  });

  it('never takes an interrupted run for one that passed', async () => {
    expect(await ended(runOf({ passed: 3, failed: 0 }, true))).toEqual({ code: 130, last: undefined });
    expect(await ended(runOf(new Error('cut off'), true))).toEqual({ code: 130, last: undefined });
  });

  it('has nothing to count where people had it for themselves', async () => {
    expect(await ended(runOf('kept', true))).toEqual({ code: 0, last: undefined });
  });

  it('helps, and refuses what makes no sense, without starting anything', async () => {
    const untouched = new Error('it was started');
    expect(await ended(untouched, ['--help'])).toEqual({ code: 0, last: 'how to' });
    printed = [];
    expect(await ended(untouched, ['--wrong'])).toEqual({ code: 2, last: undefined });
    expect(said).toEqual(['how to']);
  });
});
