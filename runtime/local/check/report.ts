// The table of a check: one row for each thing that was expected.

export interface Row {
  readonly name: string;
  readonly expected: string;
  readonly got: string;
  /** Why a row that looks equal failed. */
  readonly details?: readonly string[];
}

export function rowPasses({ expected, got, details = [] }: Row): boolean {
  return expected === got && details.length === 0;
}

const widths = { name: 72, text: 62 } as const;

function cell(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);
}

/** Rows as aligned columns; a row that failed shows both texts in full below. */
export function reportLines(rows: readonly Row[]): readonly string[] {
  const head = `  ${cell('case', widths.name)}  ${cell('expected', widths.text)}  got`;
  const body = rows.flatMap((row) => {
    const { name, expected, got, details = [] } = row;
    const passes = rowPasses(row);
    const shown = passes ? 'the same' : got;
    const line = `${passes ? '✓' : '✗'} ${cell(name, widths.name)}  ${cell(expected, widths.text)}  ${shown}`;
    if (passes) return [line];
    const compared = expected === got ? [] : [`    expected  ${expected}`, `    got       ${got}`];
    return [line, ...compared, ...details.map((detail) => `    ${detail}`)];
  });
  const failed = rows.filter((row) => !rowPasses(row)).length;
  return [head, ...body, '', `${rows.length - failed} passed, ${failed} failed`];
}
