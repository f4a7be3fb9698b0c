import { describe, expect, it } from '@jest/globals';
import { CASES, REVOKE_CASES } from '#runtime/local/check/cases.ts';
import { reportLines, rowPasses } from '#runtime/local/check/report.ts';
import { runCli } from './harness/platform-process.ts';

describe('the check', () => {
  it('makes at least twenty calls with the official client, in both eras', () => {
    const calls = CASES.filter((one) => one.kind === 'client');
    expect(calls.length).toBeGreaterThanOrEqual(20);
    expect(calls.filter(({ era, server }) => era === 'modern' && server === 'notes').length).toBeGreaterThan(
      5,
    );
    expect(calls.filter(({ era, server }) => era === 'legacy' && server === 'notes').length).toBeGreaterThan(
      5,
    );
    expect(calls.some(({ server }) => server === 'everything')).toBe(true);
  });

  it('names each case once', () => {
    const names = [...CASES, ...REVOKE_CASES].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it('fails where a text differs, and where something is missing that no text shows', () => {
    const same = { name: 'a', expected: 'x', got: 'x' };
    expect([same, { ...same, got: 'y' }, { ...same, details: ['missing: z'] }].map(rowPasses)).toEqual([
      true,
      false,
      false,
    ]);
    expect(reportLines([same, { ...same, got: 'y' }]).at(-1)).toBe('1 passed, 1 failed');
  });

  it('agrees with the quickstart, calls, records, kills and all', async () => {
    const { code, output } = await runCli('start', 'examples/quickstart/program.ts', '--check');
    const lines = output.trimEnd().split('\n');
    // The lines that failed come first in what a failing test shows.
    expect(lines.filter((line) => line.startsWith('✗'))).toEqual([]);
    expect(lines.at(-1)).toMatch(/^\d{2,} passed, 0 failed$/);
    expect(code).toBe(0);
  }, 120_000);
});
