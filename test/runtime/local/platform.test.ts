import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { z } from 'zod';
import { inventory } from '#api/inventory.ts';
import { McpCaller } from '#runtime/local/mcp-caller.ts';
import { freePort } from '#runtime/local/ports.ts';
import { PlatformProcess, runCli } from './harness/platform-process.ts';
import { programsFolder, programText, writeProgram } from './harness/programs.ts';
import { eventually, isAlive, temporaryFolder, type TemporaryFolder } from './harness/temporary.ts';

const wrong = `
  silent('crashing', 'console.error("no database at db:5432"); process.exit(3)');
  silent('mute', 'setInterval(() => {}, 1000)');
  silent('crowded', 'require("node:http").createServer().listen(process.env.PORT, "127.0.0.1")');
  new ApiObject(stack, 'raw', {
    apiVersion: 'mcpruntime.org/v1alpha1',
    kind: 'MCPAccessGrant',
    metadata: { name: 'raw', namespace: 'demo' },
    spec: { serverRef: { name: 'notes' }, subject: { humanID: 'x' }, toolRules: [{ name: 'list_notes', decision: 'allow', condition: 'args.path.' }] },
  });`;

/** One platform for all of it: the tests go in order, as a day with it would. */
describe('the local platform', () => {
  let folder: TemporaryFolder;
  let program: string;
  let platform: PlatformProcess;
  let squatter: Server;
  let base: number;

  beforeAll(async () => {
    folder = temporaryFolder(programsFolder);
    base = await freePort();
    // The servers get their ports in the order of the program: notes, crashing, mute, crowded.
    squatter = createServer().listen(base + 3, '127.0.0.1');
    program = writeProgram(folder.path, programText({ more: wrong }));
    const args = ['--port-base', String(base), '--start-timeout', '10'];
    platform = new PlatformProcess(program, path.join(folder.path, 'state'), args);
    await platform.isUp();
  }, 90_000);

  afterAll(async () => {
    squatter.close();
    platform.child.kill('SIGKILL');
    await platform.ended;
    folder.remove();
  });

  async function callTool(name: string): Promise<string> {
    const { url, headers } = await platform.server('notes');
    const identity = { [headers.human]: 'user-1', [headers.agent]: 'agent-1', [headers.session]: 'demo' };
    const caller = await McpCaller.connect({ url, era: 'modern', headers: identity });
    const outcome = caller.kind === 'result' ? await caller.value.call({ name, args: {} }) : caller;
    if (caller.kind === 'result') await caller.value.close();
    return outcome.kind === 'denied' ? outcome.denial.reason : outcome.kind;
  }

  it('runs what can run, and says of the rest once what is wrong and what to do', async () => {
    const { servers, sentinel } = await platform.status();
    expect(servers.map(({ name, state }) => [name, state])).toEqual([
      ['notes', 'ready'],
      ['crashing', 'failed'],
      ['mute', 'failed'],
      ['crowded', 'failed'],
    ]);
    expect(sentinel.phase).toBe('running');
    expect(await callTool('list_notes')).toBe('result');
  });

  it('tells a crash loop with the last words of the server', () => {
    expect(platform.count('The server demo/crashing ended 5 times in a row')).toBe(1);
    expect(platform.output).toContain('no database at db:5432');
  });

  it('tells a server that never listens with its port', () => {
    expect(platform.count('The server demo/mute did not listen on port')).toBe(1);
    expect(platform.output).toContain('Make it read its port from the environment variable PORT');
  });

  it('tells a port in use with its number and who set it', () => {
    expect(platform.count(`Port ${base + 3} of demo/crowded is in use`)).toBe(1);
    expect(platform.output).toContain(`from --port-base ${base}`);
  });

  it('tells a grant with a condition that nobody can use, which stops nothing else', () => {
    expect(platform.count('The grant demo/raw is not right')).toBe(1);
    expect(platform.output).toContain('spec.toolRules[0].condition: cannot be used');
  });

  it('shows the same to the console', () => {
    const file = path.join(platform.stateDir, 'inventory.json');
    const { servers, sessions } = inventory.parse(JSON.parse(readFileSync(file, 'utf8')));
    expect(servers.find(({ name }) => name === 'crashing')).toMatchObject({ state: 'failed' });
    expect(servers.find(({ name }) => name === 'notes')).toMatchObject({ state: 'ready' });
    expect(sessions).toMatchObject([{ name: 'demo', state: 'active' }]);
  });

  it('refuses a second platform on the same state folder, and names the first', async () => {
    const second = await runCli('start', program, '--state-dir', platform.stateDir, '--no-open');
    expect(second.code).toBe(2);
    expect(second.output).toContain(`(process ${platform.child.pid ?? 0})`);
    expect((await platform.server('notes')).state).toBe('ready');
  });

  it('applies an edit at once, without restarting what it does not change', async () => {
    const before = await platform.server('notes');
    expect(await callTool('export_notes')).toBe('unknown_tool');
    writeProgram(folder.path, programText({ tools: ['list_notes', 'export_notes'] }));
    expect(await eventually(async () => (await callTool('export_notes')) === 'result')).toBe(true);
    const after = await platform.server('notes');
    expect([after.server.pid, after.proxy.pid]).toEqual([before.server.pid, before.proxy.pid]);
    expect((await platform.status()).servers.map(({ name }) => name)).toEqual(['notes']);
  });

  it('keeps what ran when an edit is broken, and says where', async () => {
    const text = programText({ more: `throw new Error('half an edit');` });
    writeProgram(folder.path, text);
    await platform.says('half an edit');
    expect(platform.count('The program threw: half an edit')).toBe(1);
    expect(platform.output).toMatch(/program\.ts:\d+/);
    expect((await platform.status()).program.trouble?.code).toBe('program_failed');
    expect(await callTool('export_notes')).toBe('result');
  });

  it('goes on enforcing the last good policy when the file is spoilt, and says so', async () => {
    const { policy } = await platform.server('notes');
    writeFileSync(policy.file, '{"schema": "half a');
    expect(await eventually(async () => (await platform.server('notes')).policy.error !== undefined)).toBe(
      true,
    );
    expect((await platform.server('notes')).policy.enforced).toBe(policy.wanted);
    expect(await callTool('export_notes')).toBe('result');
    await platform.says('refuses its policy file');
    writeProgram(folder.path, programText({ tools: ['list_notes', 'export_notes'] }));
    expect(await eventually(async () => (await platform.server('notes')).policy.error === undefined)).toBe(
      true,
    );
  });

  it('starts a killed proxy again, on the same port', async () => {
    const { proxy, url } = await platform.server('notes');
    process.kill(proxy.pid ?? 0, 'SIGKILL');
    const isBack = async () => {
      const now = await platform.server('notes');
      return now.state === 'ready' && now.proxy.pid !== proxy.pid;
    };
    expect(await eventually(isBack)).toBe(true);
    expect((await platform.server('notes')).url).toBe(url);
    expect(await callTool('list_notes')).toBe('result');
  });

  it('denies a revoked session within a second of the answer', async () => {
    const revoked = await runCli('session', 'revoke', 'demo', '--state-dir', platform.stateDir);
    expect(revoked).toMatchObject({ code: 0 });
    expect(await callTool('list_notes')).toBe('session_revoked');
  });

  it('keeps the session revoked through an edit', async () => {
    const before = platform.count('applied:');
    writeProgram(folder.path, programText({ tools: ['list_notes'] }));
    expect(await eventually(() => platform.count('applied:') > before)).toBe(true);
    expect(await callTool('list_notes')).toBe('session_revoked');
  });

  it('leaves no process behind when it is killed itself', async () => {
    const pids = await platform.pids();
    expect(pids.length).toBeGreaterThanOrEqual(5);
    expect(pids.every(isAlive)).toBe(true);
    platform.child.kill('SIGKILL');
    expect(await eventually(() => !pids.some(isAlive))).toBe(true);
  });

  it('starts again after that, with the same ports and the session still revoked', async () => {
    platform = new PlatformProcess(program, platform.stateDir);
    await platform.isUp();
    expect((await platform.server('notes')).url).toBe(`http://127.0.0.1:${base}/mcp`);
    expect(await callTool('list_notes')).toBe('session_revoked');
  }, 60_000);

  it('leaves no process behind after Ctrl-C, and ends well', async () => {
    const pids = await platform.pids();
    expect(pids.every(isAlive)).toBe(true);
    expect(await platform.interrupt()).toBe(0);
    expect(await eventually(() => !pids.some(isAlive))).toBe(true);
  });

  it('says of a program that throws where it threw, and runs nothing', async () => {
    const text = programText({ more: `throw new Error('not today');` });
    const ended = await runCli('start', writeProgram(folder.path, text), '--state-dir', platform.stateDir);
    expect(ended.code).toBe(2);
    expect(ended.output).toContain('not today');
    expect(ended.output).toMatch(/where {2}.*program\.ts:\d+/);
  });

  it('never prints its token or its keys', () => {
    const keys = z
      .array(z.object({ key: z.string() }))
      .parse(JSON.parse(readFileSync(path.join(platform.stateDir, 'ingest-keys.json'), 'utf8')));
    expect(keys.length).toBeGreaterThan(0);
    for (const { key } of keys) expect(platform.output).not.toContain(key);
  });
});
