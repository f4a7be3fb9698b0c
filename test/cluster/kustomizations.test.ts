// The GitOps output of every profile and of every example, as kustomize builds it: the objects of the program, nothing
// more and nothing less. The plainest environment stands for the others on all minors but the newest.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PROFILES } from '#constructs/kit/settings.ts';
import { renderGitOps } from '#render/gitops/gitops.ts';
import { writeFolder } from '#render/output-folder.ts';
import { synthesise, type Program } from '#render/synthesise.ts';
import { manifestsOf } from '#test/render/programs.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';
import { cluster } from './harness/cluster.ts';
import { byKey, manifestsIn } from './harness/manifests.ts';
import { EXAMPLES, exampleProgram, programsOf } from './harness/programs.ts';

const world = cluster();

let temporary: TemporaryFolder;
beforeAll(() => {
  temporary = temporaryFolder();
});
afterAll(() => temporary.remove());

/** Objects by their text, because programs have most of them in common. */
const parsed = new Map<string, ReturnType<typeof manifestsIn>>();

function parse(text: string): ReturnType<typeof manifestsIn> {
  const known = parsed.get(text) ?? manifestsIn(text);
  parsed.set(text, known);
  return known;
}

async function expectBuilt(program: Program): Promise<void> {
  const synthesised = synthesise(program);
  const folder = path.join(temporary.path, 'deploy');
  writeFolder(folder, renderGitOps(synthesised));
  const { stdout } = await world.kubectl(['kustomize', folder]);
  const built = stdout.split(/^---\n/m).flatMap(parse);
  expect(byKey(built)).toEqual(byKey(manifestsOf(synthesised)));
}

describe('the GitOps output', () => {
  it.each(PROFILES)('of the profile %s is built by kustomize in every environment', async (profile) => {
    for (const program of programsOf(profile, world.about.minor).values()) await expectBuilt(program);
  });

  it.each(EXAMPLES)('of the example %s is built by kustomize', async (name) => {
    await expectBuilt(await exampleProgram(name));
  });
});
