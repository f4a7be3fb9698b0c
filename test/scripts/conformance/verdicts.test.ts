import { describe, expect, it } from '@jest/globals';
import { countsOf, pagePart, replacePart, textTable } from '#scripts/conformance/report.ts';
import { REVISIONS, scenariosOf, type Check, type Findings } from '#scripts/conformance/suite.ts';
import { closedBy, judge, rowOf, unrecorded, type Row } from '#scripts/conformance/verdicts.ts';

const passes: readonly Check[] = [{ id: 'good', status: 'SUCCESS' }];
const fails: readonly Check[] = [
  { id: 'good', status: 'SUCCESS' },
  { id: 'bad', status: 'FAILURE', errorMessage: 'Expected more\nand more' },
];
const warns: readonly Check[] = [{ id: 'good', status: 'WARNING', errorMessage: 'It should be better' }];

interface Found {
  readonly direct?: readonly Check[];
  readonly observe?: readonly Check[];
  readonly enforced?: readonly Check[];
}

/** A row of one scenario; where nothing is given, the suite did not get to its end. */
function row(name: string, { direct, observe, enforced }: Found, unscored?: string): Row {
  const findings = (checks: readonly Check[] | undefined): Findings =>
    new Map(checks === undefined ? [] : [[name, checks]]);
  const found = { direct: findings(direct), observe: findings(observe), enforced: findings(enforced) };
  return rowOf('2026-07-28', { name, unscored }, found);
}

const everywhere = (checks: readonly Check[]): Found => ({
  direct: checks,
  observe: checks,
  enforced: checks,
});

describe('a required scenario', () => {
  it('has to pass everywhere', () => {
    expect(countsOf([row('tools-list', everywhere(passes))])).toEqual({ passed: 3, failed: 0 });
  });

  it('fails the proxy where it passes directly only, and the run says what is different', () => {
    const found = row('tools-list', { direct: passes, observe: fails, enforced: passes });
    expect(countsOf([found])).toEqual({ passed: 2, failed: 1 });
    expect(found.differences).toEqual(['observe: bad fails: Expected more']);
  });

  it('fails the fixture alone where it does not pass directly', () => {
    expect(countsOf([row('tools-list', everywhere(fails))])).toEqual({ passed: 0, failed: 1 });
  });

  it('fails where the suite did not get to its end', () => {
    expect(countsOf([row('tools-list', { direct: passes, observe: passes })])).toEqual({
      passed: 2,
      failed: 1,
    });
    expect(countsOf([row('tools-list', {})])).toEqual({ passed: 0, failed: 1 });
  });

  it('passes with warnings, and the run shows those that the proxy causes', () => {
    const found = row('tools-list', { direct: passes, observe: warns, enforced: passes });
    expect(countsOf([found])).toEqual({ passed: 3, failed: 0 });
    expect(textTable('2026-07-28', [found])).toContain('observe: good warns: It should be better');
    expect(row('tools-list', everywhere(warns)).differences).toEqual([]);
  });
});

describe('a scenario that needs what policy has no rules for', () => {
  it('is not counted where it is refused', () => {
    const found = row('prompts-get-simple', { direct: passes, observe: passes, enforced: fails });
    expect(countsOf([found])).toEqual({ passed: 2, failed: 0 });
    expect(textTable('2026-07-28', [found])).toContain('closed: prompts/get');
    expect(found.differences).toEqual([]);
  });

  it('fails where it passes after all, or gets no answer', () => {
    const open = row('prompts-get-simple', everywhere(passes));
    expect(judge(open, 'enforced')).toBe('failed');
    expect(open.differences).toEqual(['enforced: passes, so it does not belong among what is closed']);
    expect(judge(row('prompts-get-simple', { direct: passes, observe: passes }), 'enforced')).toBe('failed');
  });

  it('fails where it fails in more than that, where it is about more than that', () => {
    const found = (id: string) =>
      row('server-stateless', {
        ...everywhere(passes),
        enforced: [
          { id: 'sends-subscription-ack', status: 'FAILURE' },
          { id, status: 'FAILURE', errorMessage: 'Expected HTTP 404' },
        ],
      });
    expect(judge(found('tags-subscription-id'), 'enforced')).toBe('not counted');
    expect(judge(found('method-not-found-404'), 'enforced')).toBe('failed');
    expect(found('method-not-found-404').differences).toEqual([
      'enforced: method-not-found-404 fails: Expected HTTP 404',
    ]);
  });

  it('has to pass in observe mode', () => {
    expect(judge(row('prompts-get-simple', { direct: passes, enforced: fails }), 'observe')).toBe('failed');
  });
});

it('counts nothing that the suite does not require', () => {
  expect(countsOf([row('tools-list', { direct: passes, observe: fails }, 'pending')])).toEqual({
    passed: 0,
    failed: 0,
  });
});

it('asks for a record of every method that would be denied', () => {
  const all = new Map(unrecorded(new Map()).map((method) => [method, new Set(['would_deny'])]));
  expect(unrecorded(all)).toEqual([]);
  expect(unrecorded(new Map([...all, ['prompts/get', new Set(['allow'])]]))).toEqual(['prompts/get']);
  expect([...all.keys()]).toEqual(expect.arrayContaining(['resources/read', 'sampling/createMessage']));
});

describe('what the suite requires', () => {
  it.each(REVISIONS)(
    'of %s is read from the suite, and leaves tools open when enforced',
    async (revision) => {
      const scenarios = await scenariosOf(revision);
      const required = scenarios.filter(({ unscored }) => unscored === undefined).map(({ name }) => name);
      expect(required).toHaveLength(revision === '2025-11-25' ? 30 : 37);
      const open = required.filter((name) => closedBy(name) === undefined);
      expect(open).toEqual(
        expect.arrayContaining(['tools-list', 'tools-call-error', 'dns-rebinding-protection']),
      );
    },
  );
});

describe('the page', () => {
  const page =
    'Before\n<!-- begin: made by npm run conformance -->\nold\n<!-- end: made by npm run conformance -->\nAfter';

  it('keeps what people wrote', () => {
    const text = replacePart(page, pagePart(['2026-07-28'], [row('tools-list', everywhere(passes))]));
    expect(text).toMatch(/^Before\n/);
    expect(text).toMatch(/\nAfter$/);
    expect(text).toContain('| tools-list | pass | pass | pass |');
    expect(text).toContain('Required: 1. Passed: direct 1, observe 1, enforced 1.');
    expect(text).not.toContain('old');
  });

  it('without its marks is not written', () => {
    expect(() => replacePart('Nothing', 'part')).toThrow('lacks the lines');
  });
});
