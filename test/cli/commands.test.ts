import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import path from 'node:path';
import { z } from 'zod';
import { freePort } from '#runtime/local/ports.ts';
import { PlatformProcess, runCli } from '#test/runtime/local/harness/platform-process.ts';
import { programsFolder, programText, writeProgram } from '#test/runtime/local/harness/programs.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';

const more = `
  notes.session('old', { subject: user, consentedTrust: Trust.LOW, expiresAt: '2020-01-01T00:00:00Z' });`;

describe('the commands', () => {
  let folder: TemporaryFolder;
  let platform: PlatformProcess;
  let at: readonly string[];
  let me: readonly string[];

  beforeAll(async () => {
    folder = temporaryFolder(programsFolder);
    const stateDir = path.join(folder.path, 'state');
    const program = writeProgram(folder.path, programText({ more }));
    platform = await new PlatformProcess(program, stateDir, ['--port-base', String(await freePort())]).isUp();
    at = ['--state-dir', stateDir];
    me = [...at, '--human', 'user-1', '--agent', 'agent-1', '--session', 'demo'];
  }, 90_000);

  afterAll(async () => {
    platform.child.kill('SIGINT');
    await platform.ended;
    folder.remove();
  });

  it('start prints a summary with a command that works', async () => {
    expect(platform.output).toMatch(/^ {2}notes +http:\/\/127\.0\.0\.1:\d+\/mcp +ready$/m);
    expect(platform.output).toMatch(/^ {2}manifests +5 in /m);
    const example = /^ {2}try +npx mcp-runtime (.*)$/m.exec(platform.output)?.[1]?.split(' ') ?? [];
    expect(await runCli(...example)).toMatchObject({
      code: 0,
      output: expect.stringContaining('note-1: Welcome'),
    });
  });

  it.each(['legacy', 'modern'])('call prints a result, in the %s era', async (era) => {
    const ended = await runCli('call', 'notes', 'list_notes', ...me, '--era', era);
    expect(ended).toMatchObject({ code: 0, output: expect.stringContaining('note-1: Welcome') });
  });

  it.each(['legacy', 'modern'])(
    'call ends with 1 and the reason when it is denied, in the %s era',
    async (era) => {
      const ended = await runCli(
        'call',
        'notes',
        'list_notes',
        ...at,
        '--human',
        'user-1',
        '--agent',
        'agent-1',
        '--session',
        'old',
        '--era',
        era,
      );
      expect(ended.code).toBe(1);
      expect(ended.output).toContain('session_expired');
      expect(ended.output).toContain('needed  a live session of this caller');
      expect(ended.output).toMatch(/policy {2}sha256:[0-9a-f]{64}/);
    },
  );

  it('call prints JSON for programs', async () => {
    const { code, output } = await runCli('call', 'notes', 'debug_dump', ...me, '--json');
    const { denied } = z.object({ denied: z.object({ reason: z.string() }) }).parse(JSON.parse(output));
    expect([code, denied.reason]).toEqual([1, 'unknown_tool']);
  });

  it('tools lists what this caller may call', async () => {
    const { code, output } = await runCli('tools', 'demo/notes', ...me);
    expect(code).toBe(0);
    expect(
      output
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    ).toEqual(['list_notes']);
  });

  it('explain gives every step, and what the caller is told', async () => {
    const { code, output } = await runCli('explain', 'notes', 'add_note', ...me);
    expect(code).toBe(1);
    expect(output).toContain('tool_not_granted');
    expect(output).toContain('told unknown_tool');
  });

  it('status shows what runs, and its policy', async () => {
    const { code, output } = await runCli('status', ...at);
    expect(code).toBe(0);
    expect(output).toMatch(/^notes +http:.* ready$/m);
    expect(output).toContain((await platform.server('notes')).policy.wanted);
  });

  it('session list shows the state of each', async () => {
    const { output } = await runCli('session', 'list', ...at);
    expect(output).toMatch(/^demo\/demo +active/m);
    expect(output).toMatch(/^demo\/old +expired/m);
  });

  it.each([
    [['call', 'nothing', 'x'], 'There is no server nothing.', 'Use one of: demo/notes'],
    [['session', 'revoke', 'nothing'], 'There is no session nothing.', 'Use one of: demo/demo, demo/old'],
    [['call', 'notes', 'x', '--args', '{"a"'], '--args is not JSON', 'Quote it for the shell'],
    [['call', 'notes', 'x', '--args', '[]'], '--args has to be a JSON object', 'Quote it for the shell'],
  ])('%j says what is wrong and what to do', async (command, what, remedy) => {
    const { code, output } = await runCli(...command, ...at);
    expect(code).toBe(2);
    expect(output).toContain(what);
    expect(output).toContain(remedy);
  });
});

describe('the commands without a platform', () => {
  it.each([
    [['status', '--state-dir', '/nonexistent/state'], 'No local platform runs here.'],
    [['call'], "missing required argument 'server'"],
    [['nonsense'], "unknown command 'nonsense'"],
    [['start', 'no/such/program.ts'], 'There is no such program.'],
    [['start', 'program.ts', '--port-base', '80'], 'whole number from 1025'],
  ])('%j ends with 2 and a clear error', async (command, text) => {
    const { code, output } = await runCli(...command);
    expect(output).toContain(text);
    expect(code).toBe(2);
  });

  it('show help with examples', async () => {
    expect(await runCli('--help')).toMatchObject({ code: 0, output: expect.stringContaining('explain') });
    expect(await runCli('call', '--help')).toMatchObject({
      code: 0,
      output: expect.stringContaining('Examples:'),
    });
  });
});
