// The name that was probably meant. Only near misses count: a suggestion that is far off is worse than none.

/** Changes of single characters, and swaps of neighbours, that make one text of the other. */
function distance(from: string, to: string): number {
  let before: readonly number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 1; row <= from.length; row += 1) {
    const next = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      const at = (line: readonly number[], index: number) => line[index] ?? Number.MAX_SAFE_INTEGER;
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      next.push(
        Math.min(
          at(last, column - 1) + (same ? 0 : 1),
          at(last, column) + 1,
          at(next, column - 1) + 1,
          swapped ? at(before, column - 2) + 1 : Number.MAX_SAFE_INTEGER,
        ),
      );
    }
    before = last;
    last = next;
  }
  return last[to.length] ?? Number.MAX_SAFE_INTEGER;
}

/** Longer names are never compared: they come from outside, and the effort grows with the product of lengths. */
const LONGEST = 64;

/** The candidate that differs least, by at most a third of the name; the first of several. */
export function nearest(name: string, candidates: readonly string[]): string | undefined {
  if (name.length > LONGEST) return undefined;
  const limit = Math.max(1, Math.floor(name.length / 3));
  const scored = candidates
    .filter((candidate) => Math.abs(candidate.length - name.length) <= limit)
    .map((candidate) => ({ candidate, away: distance(name.toLowerCase(), candidate.toLowerCase()) }));
  const best = scored.reduce<(typeof scored)[number] | undefined>(
    (least, each) => (least === undefined || each.away < least.away ? each : least),
    undefined,
  );
  return best !== undefined && best.away <= limit ? best.candidate : undefined;
}

/** `; did you mean "notes"?`, or nothing. */
export function suggestion(name: string, candidates: readonly string[]): string {
  const meant = nearest(name, candidates);
  return meant === undefined ? '' : `; did you mean ${JSON.stringify(meant)}?`;
}
