import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import program from '#examples/quickstart/program.ts';
import { synthesise } from '#render/synthesise.ts';
import { renderYaml, writeYaml } from '#render/yaml.ts';

describe('renderYaml', () => {
  it('is one file for each chart, with one document for each object', () => {
    const synthesised = synthesise(program);
    const files = renderYaml(synthesised);
    expect(files.map(({ name }) => name)).toEqual(['bootstrap.yaml', 'quickstart.yaml']);
    const read = files.map(({ text }) => text.split('---\n').map((document): unknown => parse(document)));
    expect(read).toEqual(synthesised.charts.map(({ objects }) => objects.map(({ manifest }) => manifest)));
  });

  it('has no member that cdk8s or we left undefined', () => {
    for (const { text } of renderYaml(synthesise(program))) expect(text).not.toMatch(/undefined|: null/);
  });
});

describe('writeYaml', () => {
  it('makes the folder and writes the files', async () => {
    const parent = await mkdtemp(path.join(os.tmpdir(), 'yaml-'));
    try {
      const folder = path.join(parent, 'a', 'b');
      const files = writeYaml(synthesise(program), folder);
      expect((await readdir(folder)).sort()).toEqual(files.map(({ name }) => name).sort());
      for (const { name, text } of files) expect(await readFile(path.join(folder, name), 'utf8')).toBe(text);
    } finally {
      await rm(parent, { recursive: true });
    }
  });
});
