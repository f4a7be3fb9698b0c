import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { PlatformProcess, runCli } from './harness/platform-process.ts';
import { programsFolder, programText, writeProgram } from './harness/programs.ts';
import { temporaryFolder, type TemporaryFolder } from './harness/temporary.ts';

describe('the local platform with a store that can not open', () => {
  let folder: TemporaryFolder;
  let platform: PlatformProcess | undefined;

  beforeEach(() => {
    folder = temporaryFolder(programsFolder);
  });

  afterEach(async () => {
    platform?.child.kill('SIGKILL');
    await platform?.ended;
    folder.remove();
  });

  it('says so once, with the place, while calls go on', async () => {
    const stateDir = path.join(folder.path, 'state');
    const store = path.join(stateDir, 'sentinel', 'store');
    mkdirSync(path.dirname(store), { recursive: true });
    writeFileSync(store, 'a file where a folder should be');
    const program = writeProgram(folder.path, programText());
    platform = await new PlatformProcess(program, stateDir, ['--port-base', '21200']).isUp();
    const identity = [
      '--human',
      'user-1',
      '--agent',
      'agent-1',
      '--session',
      'demo',
      '--state-dir',
      stateDir,
    ];
    expect(await runCli('call', 'notes', 'list_notes', ...identity)).toMatchObject({ code: 0 });
    await platform.says('The sentinel takes events and cannot show them all');
    expect(platform.output).toContain(store);
    expect(platform.count('cannot show them all')).toBe(1);
    expect((await platform.status()).console.problem).toContain(store);
    expect(await platform.interrupt()).toBe(0);
  }, 90_000);
});
