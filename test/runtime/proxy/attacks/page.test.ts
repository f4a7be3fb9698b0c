// The page about attacks says of each where its tests are, and of the others why there are none.
import { describe, expect, it } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';

const here = import.meta.dirname;
const page = readFileSync(path.join(here, '../../../../docs/attacks.md'), 'utf8');

/** Of the checklist that the page follows. */
const ATTACKS = Array.from({ length: 40 }, (_, at) => at + 1);

/** Attacks of the table, with the names in its last column. */
const table = new Map(
  [...page.matchAll(/^\| (\d+) +\|.*\| (\S.*?) +\|$/gm)].map(([, number, places = '']) => [
    Number(number),
    [...places.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  ]),
);
const elsewhere = [...page.slice(page.indexOf('Not here:')).matchAll(/\d+/g)].map(([number]) =>
  Number(number),
);

/** The tests that a name of the table stands for: a file of this folder, or all of a folder beside it. */
function testsOf(name: string): string {
  if (!name.endsWith('/')) return readFileSync(path.join(here, `${name}.test.ts`), 'utf8');
  const folder = path.join(here, '..', name);
  const files = readdirSync(folder).filter((file) => file.endsWith('.test.ts'));
  return files.map((file) => readFileSync(path.join(folder, file), 'utf8')).join('\n');
}

describe('the page about attacks', () => {
  it('has a line for every attack, or says that it is not here', () => {
    expect([...table.keys(), ...elsewhere].toSorted((a, b) => a - b)).toEqual(ATTACKS);
  });

  it.each([...table].flatMap(([number, names]) => names.map((name) => [number, name] as const)))(
    'finds tests of attack %i in %s',
    (number, name) => {
      // Fuzzers look for what has no number.
      const named = name.endsWith('-fuzz')
        ? /describe\('whatever /
        : new RegExp(`describe\\('attack ${number}: `);
      expect(testsOf(name)).toMatch(named);
    },
  );

  it('leaves out no attack that has tests in this folder', () => {
    const files = readdirSync(here).filter((file) => file.endsWith('.test.ts'));
    const tested = files.flatMap((file) => [
      ...readFileSync(path.join(here, file), 'utf8').matchAll(/describe\('attack (\d+):/g),
    ]);
    expect(tested.map(([, number]) => Number(number)).filter((number) => !table.has(number))).toEqual([]);
  });
});
