import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { freePort } from '#runtime/local/ports.ts';
import { PlatformProcess, runCli } from '#test/runtime/local/harness/platform-process.ts';
import { programsFolder, programText, writeProgram } from '#test/runtime/local/harness/programs.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';

const list = z.object({ backups: z.array(z.object({ name: z.string(), events: z.number() })) });

describe('the sentinel of the local platform', () => {
  let folder: TemporaryFolder;
  let stateDir: string;
  let program: string;
  let platform: PlatformProcess;
  let at: readonly string[];

  const start = async () => {
    const port = String(await freePort());
    platform = await new PlatformProcess(program, stateDir, ['--port-base', port]).isUp();
  };
  const stop = async () => {
    platform.child.kill('SIGINT');
    await platform.ended;
  };

  beforeAll(async () => {
    folder = temporaryFolder(programsFolder);
    stateDir = path.join(folder.path, 'state');
    program = writeProgram(folder.path, programText({}));
    at = ['--state-dir', stateDir];
    await start();
  }, 180_000);

  afterAll(async () => {
    await stop();
    folder.remove();
  });

  it('is backed up by request, and restored after a loss, with the chains of its proxies', async () => {
    const me = [...at, '--human', 'user-1', '--agent', 'agent-1', '--session', 'demo'];
    expect(await runCli('call', 'notes', 'list_notes', ...me)).toMatchObject({ code: 0 });
    const made = await runCli('sentinel', 'backup', ...at);
    expect(made).toMatchObject({ code: 0, output: expect.stringContaining('backed up  ') });
    const { output } = await runCli('sentinel', 'backups', ...at, '--json');
    const [backup] = list.parse(JSON.parse(output)).backups;
    expect(backup?.events).toBeGreaterThan(0);
    const name = backup?.name ?? '';
    expect((await runCli('sentinel', 'backups', ...at)).output).toContain(`${name}  `);
    expect(await runCli('sentinel', 'verify', ...at)).toMatchObject({
      code: 0,
      output: expect.stringContaining('1 chains, of which 1 are whole'),
    });
    const busy = await runCli('sentinel', 'restore', name, ...at, '--replace');
    expect(busy).toMatchObject({ code: 2, output: expect.stringContaining('in use by process') });

    await stop();
    await rm(path.join(stateDir, 'sentinel'), { recursive: true });
    const restored = await runCli('sentinel', 'restore', name, ...at);
    expect(restored).toMatchObject({ code: 0, output: expect.stringContaining('Chains: 1 of 1 are whole') });
    expect((await runCli('sentinel', 'restore', name, ...at)).output).toContain('--replace');
    expect(await runCli('sentinel', 'verify', 'latest', ...at)).toMatchObject({ code: 0 });
    await start();
    expect(await runCli('sentinel', 'verify', ...at)).toMatchObject({ code: 0 });
  }, 300_000);
});
