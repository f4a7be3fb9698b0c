import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '#runtime/local/ports.ts';
import { listensOn } from '#runtime/local/probe.ts';
import type { ProcessSpec } from '#runtime/local/process-trouble.ts';
import { Reaper } from '#runtime/process/reaper.ts';
import { DEFAULT_PATIENCE, SupervisedProcess, type Patience } from '#runtime/local/supervised-process.ts';
import { eventually, isAlive, temporaryFolder, type TemporaryFolder } from './harness/temporary.ts';

const listening = `require('node:net').createServer().listen(Number(process.env.PORT), '127.0.0.1')`;

describe('a supervised process', () => {
  let folder: TemporaryFolder;
  let reaper: Reaper;
  let supervised: SupervisedProcess | undefined;

  beforeEach(() => {
    folder = temporaryFolder();
    reaper = new Reaper();
    reaper.start();
  });

  afterEach(async () => {
    await supervised?.stop();
    await reaper.close();
    folder.remove();
  });

  async function supervise(
    script: string,
    patience: Partial<Patience> = {},
    spec: Partial<ProcessSpec> = {},
  ) {
    const port = await freePort();
    supervised = new SupervisedProcess({
      spec: {
        name: 'The server demo',
        command: process.execPath,
        args: ['-e', script],
        cwd: folder.path,
        env: { PATH: process.env['PATH'], PORT: String(port) },
        origin: 'program.ts',
        readiness: `listen on port ${port}`,
        readinessRemedy: 'Make it read PORT',
        ...spec,
      },
      probe: listensOn(port),
      patience: { ...DEFAULT_PATIENCE, pauseMs: 10, maxPauseMs: 20, ...patience },
      reaper,
      logFile: path.join(folder.path, 'demo.log'),
      onStatus: () => undefined,
    });
    supervised.start();
    return supervised;
  }

  it('runs once it listens, and is gone after it was stopped', async () => {
    const process_ = await supervise(listening);
    expect(await eventually(() => process_.status.phase === 'running')).toBe(true);
    const pid = process_.status.pid ?? 0;
    expect(isAlive(pid)).toBe(true);
    await process_.stop();
    expect(isAlive(pid)).toBe(false);
    expect(process_.status.phase).toBe('stopped');
  });

  it('comes back after kill -9, with another pid', async () => {
    const process_ = await supervise(listening);
    expect(await eventually(() => process_.status.phase === 'running')).toBe(true);
    const before = process_.status.pid ?? 0;
    process.kill(before, 'SIGKILL');
    expect(
      await eventually(() => process_.status.phase === 'running' && process_.status.pid !== before),
    ).toBe(true);
    expect(process_.status.restarts).toBe(1);
  });

  it('is given up on after a row of crashes, with the last lines of its error output', async () => {
    const process_ = await supervise(`console.error('no database'); process.exit(7)`, { crashes: 3 });
    expect(await eventually(() => process_.status.phase === 'failed')).toBe(true);
    const { trouble } = process_.status;
    expect(trouble?.code).toBe('crash_loop');
    expect(trouble?.what).toContain('ended 3 times in a row, last with exit code 7');
    expect(trouble?.evidence).toEqual(['no database']);
    expect(trouble?.remedy).toContain('demo.log');
  });

  it('is stopped and given up on when it never listens', async () => {
    const process_ = await supervise(`setInterval(() => {}, 1000)`, { startMs: 400 });
    expect(
      await eventually(() => process_.status.phase === 'starting' && process_.status.pid !== undefined),
    ).toBe(true);
    const pid = process_.status.pid ?? 0;
    expect(await eventually(() => process_.status.phase === 'failed')).toBe(true);
    expect(process_.status.trouble?.code).toBe('never_listening');
    expect(process_.status.trouble?.what).toContain('did not listen on port');
    expect(isAlive(pid)).toBe(false);
  });

  it('says so when there is no such command', async () => {
    const process_ = await supervise('', {}, { command: 'no-such-command-here', args: [] });
    expect(await eventually(() => process_.status.phase === 'failed')).toBe(true);
    expect(process_.status.trouble?.code).toBe('command_not_found');
    expect(process_.status.trouble?.what).toContain('no-such-command-here');
  });

  it('ends what the program started itself', async () => {
    const note = path.join(folder.path, 'pid');
    const script = `
      const child = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
      require('node:fs').writeFileSync(${JSON.stringify(note)}, String(child.pid));
      ${listening}`;
    const process_ = await supervise(script);
    expect(await eventually(() => process_.status.phase === 'running')).toBe(true);
    const grandchild = Number(readFileSync(note, 'utf8'));
    expect(isAlive(grandchild)).toBe(true);
    await process_.stop();
    expect(await eventually(() => !isAlive(grandchild))).toBe(true);
  });

  it('ends one that ignores SIGTERM', async () => {
    const process_ = await supervise(`process.on('SIGTERM', () => {}); ${listening}`, { stopMs: 200 });
    expect(await eventually(() => process_.status.phase === 'running')).toBe(true);
    const pid = process_.status.pid ?? 0;
    await process_.stop();
    expect(isAlive(pid)).toBe(false);
  });

  it('is ended by the reaper when the pipe to it closes', async () => {
    const process_ = await supervise(listening);
    expect(await eventually(() => process_.status.phase === 'running')).toBe(true);
    const pid = process_.status.pid ?? 0;
    await reaper.close();
    expect(await eventually(() => !isAlive(pid))).toBe(true);
  });
});
