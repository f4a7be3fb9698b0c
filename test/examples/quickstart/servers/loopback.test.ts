import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import program from '#examples/quickstart/program.ts';
import { synthesise } from '#render/synthesise.ts';
import { isExposed } from '#runtime/local/exposed-port.ts';
import { freePort } from '#runtime/local/ports.ts';
import { listensOn } from '#runtime/local/probe.ts';

const preload = path.resolve('examples/quickstart/servers/loopback.mjs');

/** Where a server listens that is started so, in a program with or without the preload. */
async function addressOf(call: string, options: readonly string[]): Promise<string> {
  const text = `
    const server = require('node:http').createServer();
    const done = () => {};
    server.on('listening', () => {
      const at = server.address();
      console.log(typeof at === 'string' ? 'a pipe' : at.address);
      server.close();
    });
    server.listen(${call});`;
  const { stdout } = await promisify(execFile)(process.execPath, [...options, '--eval', text]);
  return stdout.trim();
}

describe('a program with the preload', () => {
  it.each([
    [''],
    ['done'],
    ['0'],
    ["'0'"],
    ['undefined, done'],
    ['0, done'],
    ['0, undefined, done'],
    ["0, ''"],
    ['0, 16, done'],
    ['0, undefined, 16, done'],
    ['{ port: 0 }'],
    ["{ port: 0, host: '' }, done"],
  ])('listens on loopback where it calls listen(%s)', async (call) => {
    expect(await addressOf(call, ['--import', preload])).toBe('127.0.0.1');
  });

  it.each([
    ["0, '0.0.0.0', done", '0.0.0.0'],
    ["{ port: 0, host: '127.0.0.2' }", '127.0.0.2'],
    ["'/tmp/loopback-' + process.pid + '.sock'", 'a pipe'],
    ["{ path: '/tmp/loopback-' + process.pid + '.sock' }", 'a pipe'],
  ])('listens where it wants where it calls listen(%s)', async (call, address) => {
    expect(await addressOf(call, ['--import', preload])).toBe(address);
  });
});

it('a program without the preload listens everywhere', async () => {
  expect(await addressOf('0', [])).toMatch(/^(::|0\.0\.0\.0)$/);
});

it.each(synthesise(program).servers)(
  'the server $name of the quickstart listens on loopback alone',
  async ({ local }) => {
    if (local === undefined) throw new Error('the program does not say how to start it');
    const port = await freePort();
    const env = { ...process.env, ...local.env, PORT: String(port) };
    const child = spawn(process.execPath, local.args ?? [], { cwd: local.cwd, env, stdio: 'ignore' });
    const ended = once(child, 'exit');
    try {
      const isUp = listensOn(port);
      while (!(await isUp(AbortSignal.timeout(1_000)))) {
        if (child.exitCode !== null) throw new Error(`it ended with code ${child.exitCode}`);
        await delay(50);
      }
      expect(await isExposed(port)).toBe(false);
    } finally {
      child.kill('SIGKILL');
      await ended;
    }
  },
);
