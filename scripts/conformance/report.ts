// The findings as people read them: side by side, on a terminal and on a page of the documentation.
import type { Counts } from '../suite-command.ts';
import { COLUMNS, type Column } from './candidates.ts';
import type { Revision } from './suite.ts';
import { judge, type Cell, type Row } from './verdicts.ts';

/** Between these lines of the page everything is made by a run. */
export const MARKS = {
  begin: '<!-- begin: made by npm run conformance -->',
  end: '<!-- end: made by npm run conformance -->',
} as const;

function wordOf({ outcome, closed }: Cell): string {
  return closed !== undefined && outcome === 'fail' ? `closed: ${closed}` : outcome;
}

function nameOf({ scenario: { name, unscored } }: Row): string {
  return unscored === undefined ? name : `${name} (${unscored})`;
}

export function textTable(revision: Revision, rows: readonly Row[]): string {
  const width = Math.max(...rows.map((row) => nameOf(row).length));
  const line = (name: string, words: readonly string[]) =>
    `${name.padEnd(width)}  ${words.map((word) => word.padEnd(8)).join(' ')}`.trimEnd();
  const lines = [line(revision, COLUMNS)];
  for (const row of rows) {
    lines.push(
      line(
        nameOf(row),
        COLUMNS.map((column) => wordOf(row.cells[column])),
      ),
    );
    lines.push(...row.differences.map((difference) => `    ${difference}`));
  }
  return lines.join('\n');
}

export function countsOf(rows: readonly Row[], columns: readonly Column[] = COLUMNS): Counts {
  const judged = rows.flatMap((row) => columns.map((column) => judge(row, column)));
  const count = (wanted: string) => judged.filter((each) => each === wanted).length;
  return { passed: count('passed'), failed: count('failed') };
}

/** The generated part of the page, without its marks. */
export function pagePart(revisions: readonly Revision[], rows: readonly Row[]): string {
  return revisions
    .map((revision) => {
      const own = rows.filter((row) => row.revision === revision);
      const required = own.filter(({ scenario }) => scenario.unscored === undefined);
      const summary = COLUMNS.map((column) => `${column} ${countsOf(required, [column]).passed}`).join(', ');
      return [
        `## ${revision}`,
        `Required: ${required.length}. Passed: ${summary}.`,
        markdownTable(required),
        'Run, and not counted by the suite:',
        markdownTable(own.filter((row) => !required.includes(row))),
      ].join('\n\n');
    })
    .join('\n\n');
}

function markdownTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => [nameOf(row), ...COLUMNS.map((column) => wordOf(row.cells[column]))]);
  const lines = [['Scenario', ...COLUMNS], ['---', ...COLUMNS.map(() => '---')], ...cells];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** The page with its generated part replaced. */
export function replacePart(page: string, part: string): string {
  const [begin, end] = [page.indexOf(MARKS.begin), page.indexOf(MARKS.end)];
  if (begin === -1 || end < begin)
    throw new Error(`The page lacks the lines ${MARKS.begin} and ${MARKS.end}`);
  return `${page.slice(0, begin + MARKS.begin.length)}\n\n${part}\n\n${page.slice(end)}`;
}
