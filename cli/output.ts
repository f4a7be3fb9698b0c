// How the command line talks to people: aligned columns, results on standard output, everything else on standard
// error. It decides nothing.
import { troubleLines, TroubleError, messageOf, type Trouble } from '#runtime/local/trouble.ts';

/** What a command ends with: done, denied by policy, or not done at all. */
export const EXIT = { ok: 0, denied: 1, failed: 2 } as const;

export type Exit = (typeof EXIT)[keyof typeof EXIT];

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

export function printTrouble(trouble: Trouble): void {
  process.stderr.write(`${troubleLines(trouble).join('\n')}\n`);
}

/** An error of our own with its remedy; any other with its message, because a stack helps nobody who typed a command. */
export function printError(error: unknown): void {
  if (error instanceof TroubleError) printTrouble(error.trouble);
  else process.stderr.write(`error: ${messageOf(error)}\n`);
}

/** Rows as aligned columns, two spaces apart; the last column is as long as it is. */
export function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, at) => (widths[at] = Math.max(widths[at] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** A path as people type it: relative where that is shorter. */
export function shortPath(file: string): string {
  const here = `${process.cwd()}/`;
  return file.startsWith(here) ? file.slice(here.length) : file;
}
