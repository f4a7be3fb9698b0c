// Manifests as files: one for each chart, the same bytes wherever and whenever they are written.
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { SynthesisedProgram } from './synthesise.ts';
import { yamlText } from './yaml-text.ts';

export interface YamlFile {
  /** Name of the file, `quickstart.yaml`. */
  readonly name: string;
  readonly text: string;
}

/** The files of a program, in the order of its charts. */
export function renderYaml(program: SynthesisedProgram): readonly YamlFile[] {
  return program.charts.map(({ name, objects }) => ({
    name: `${name}.yaml`,
    text: objects.map(({ manifest }) => yamlText(manifest)).join('---\n'),
  }));
}

/** Writes the files of a program into a folder, which is made if need be. Other files in it stay. */
export function writeYaml(program: SynthesisedProgram, folder: string): readonly YamlFile[] {
  const files = renderYaml(program);
  mkdirSync(folder, { recursive: true });
  for (const { name, text } of files) writeFileSync(path.join(folder, name), text);
  return files;
}
