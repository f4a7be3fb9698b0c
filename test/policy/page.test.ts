import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { POLICY_REASONS } from '#api/reasons.ts';
import { CONDITION_LIMITS } from '#policy/condition-profile.ts';
import { explain } from '#policy/explain.ts';
import { OPEN_METHODS } from '#policy/methods.ts';
import { aCall, aGrant, anIndex, aSession, NOW_MS } from './build.ts';

const page = readFileSync(new URL('../../docs/policy.md', import.meta.url), 'utf8');

function rowsOf(heading: string): readonly (readonly string[])[] {
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((line) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

describe('docs/policy.md', () => {
  it('lists every reason with its status, and no other', () => {
    const listed = rowsOf('Reasons').map(([reason, status]) => `${reason ?? ''} ${status ?? ''}`);
    const known = Object.entries(POLICY_REASONS).map(([reason, { httpStatus }]) => `${reason} ${httpStatus}`);
    expect(listed.toSorted()).toEqual(known.toSorted());
  });

  it('lists every open method', () => {
    for (const method of OPEN_METHODS) expect(page).toContain(`\`${method}\``);
  });

  it('gives the limits of conditions as they are', () => {
    const numbers = rowsOf('Conditions').map(([, limit]) => Number(limit?.replaceAll(' ', '')));
    expect(numbers).toEqual(Object.values(CONDITION_LIMITS));
  });

  it('shows the explanation that its example gives', () => {
    const index = anIndex({
      grants: [
        aGrant({
          name: 'readers',
          subject: { teamID: 'support' },
          maxTrust: 'low',
          allowedSideEffects: ['read'],
        }),
        aGrant({
          name: 'alice-edits',
          maxTrust: 'high',
          allowedSideEffects: ['read', 'write'],
          toolRules: [{ name: 'add_note', decision: 'allow' }],
        }),
      ],
      sessions: [aSession({ name: 'morning', consentedTrust: 'low' })],
    });
    const principal = { assurance: 'asserted' as const, human: 'alice', agent: 'scribe', teams: ['support'] };
    const { steps } = explain(index, aCall({ principal, tool: 'add_note', session: 'morning' }), NOW_MS);
    const lines = steps.map(({ step, outcome, detail }) => `${outcome.padEnd(5)}${step.padEnd(11)}${detail}`);
    expect(page).toContain(lines.join('\n'));
  });
});
