import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { explain } from '#policy/explain.ts';
import { aCall, anIndex, decided, NOW_MS } from './build.ts';
import { VECTORS, vectorRows } from './vectors.ts';

describe('the vectors of the evaluator', () => {
  it.each(VECTORS)('$name: $expected', ({ parts, request, expected, details }) => {
    const decision = decided(parts, request);
    const told = decision.disclosedReason === decision.reason ? '' : `, told ${decision.disclosedReason}`;
    expect(`${decision.outcome} ${decision.reason}${told}`).toBe(expected);
    expect(decision).toMatchObject(details ?? {});
  });

  it.each(VECTORS)('$name: explained as it is decided', ({ parts, request }) => {
    const explanation = explain(anIndex(parts), aCall(request), NOW_MS);
    expect(explanation.decision).toEqual(decided(parts, request));
    expect(explanation.steps.length).toBeGreaterThan(0);
  });

  it('are documented as they are tested', () => {
    const page = readFileSync(new URL('../../docs/policy-vectors.md', import.meta.url), 'utf8');
    const rows = page
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .slice(2)
      .map((line) =>
        line
          .slice(1, -1)
          .split('|')
          .map((cell) => cell.trim()),
      );
    expect(rows).toEqual(vectorRows());
  });
});
