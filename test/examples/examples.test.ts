// Every example is a program that renders as it stands; those with tests of their own run them beside it.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadProgram } from '#render/load-program.ts';
import { synthesise } from '#render/synthesise.ts';
import { renderYaml } from '#render/yaml.ts';

const root = path.resolve(import.meta.dirname, '../../examples');
const examples = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe('the examples', () => {
  it('are the ones that their list names', () => {
    const listed = [...readFileSync(path.join(root, 'README.md'), 'utf8').matchAll(/^\| \[([^\]]+)\]/gm)];
    expect(listed.map(([, name]) => name).sort()).toEqual(examples.toSorted());
  });

  it.each(examples)('render without a warning: %s', async (example) => {
    const program = synthesise(await loadProgram(path.join(root, example, 'program.ts')));
    expect(program.warnings).toEqual([]);
    expect(program.servers.length).toBeGreaterThan(0);
    expect(renderYaml(program)).toHaveLength(program.charts.length);
  });

  it.each(examples)('say what they are, with links that lead somewhere: %s', (example) => {
    const readme = readFileSync(path.join(root, example, 'README.md'), 'utf8');
    const links = [...readme.matchAll(/\]\((?!https?:)([^)#]+)\)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !existsSync(path.join(root, example, link)))).toEqual([]);
  });
});
