import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findEngine, MissingEngineError, type EngineSource } from '#scripts/engines/packaged-engine.ts';

describe('finding an engine', () => {
  let folder: string;
  let said: string[];
  const say = (line: string): number => said.push(line);
  beforeEach(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'engine-'));
    said = [];
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function program(...parts: readonly string[]): string {
    const file = path.join(folder, ...parts);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, '#!/bin/sh\n');
    chmodSync(file, 0o755);
    return file;
  }

  function source(fetch: EngineSource['fetch']): EngineSource {
    return {
      name: 'yardstick',
      variable: 'MCP_RUNTIME_YARDSTICK',
      cached: 'bin/yardstick',
      libraries: ['lib'],
      origin: 'a package',
      remedy: 'Install it.',
      fetch,
    };
  }

  const never = source(() => Promise.reject(new Error('must not be fetched')));
  const packaged = source((into) => {
    program(path.relative(folder, into), 'bin/yardstick');
    return Promise.resolve();
  });

  it('takes what the environment names before anything else', async () => {
    const named = program('named/mine');
    program('path/yardstick');
    const env = { MCP_RUNTIME_YARDSTICK: named, PATH: path.join(folder, 'path') };
    expect(await findEngine(never, env, say)).toEqual({ path: named, env: {} });
  });

  it('refuses a name in the environment that is no program, instead of taking another', async () => {
    program('path/yardstick');
    const env = { MCP_RUNTIME_YARDSTICK: path.join(folder, 'nothing'), PATH: path.join(folder, 'path') };
    await expect(findEngine(never, env, say)).rejects.toThrow(/MCP_RUNTIME_YARDSTICK names .*nothing/);
  });

  it('takes what is on PATH before fetching', async () => {
    const installed = program('path/yardstick');
    const env = { PATH: ['/nowhere', path.join(folder, 'path')].join(':') };
    expect(await findEngine(never, env, say)).toEqual({ path: installed, env: {} });
    expect(said).toEqual([]);
  });

  it('fetches once into the cache, says so, and finds its libraries there', async () => {
    const env = { PATH: '', XDG_CACHE_HOME: folder };
    const home = path.join(folder, 'mcp-runtime/yardstick');
    const expected = {
      path: path.join(home, 'bin/yardstick'),
      env: { LD_LIBRARY_PATH: path.join(home, 'lib') },
    };
    expect(await findEngine(packaged, env, say)).toEqual(expected);
    expect(await findEngine(never, env, say)).toEqual(expected);
    expect(said).toHaveLength(1);
  });

  it('that can not be had is an error with the cause and what to do, and leaves nothing behind', async () => {
    const env = { PATH: '', XDG_CACHE_HOME: folder };
    const broken = source((into) => {
      program(path.relative(folder, into), 'half');
      return Promise.reject(Object.assign(new Error('failed'), { stderr: 'reading…\nno route to host\n' }));
    });
    const found = findEngine(broken, env, say);
    await expect(found).rejects.toBeInstanceOf(MissingEngineError);
    await expect(found).rejects.toThrow(
      'yardstick is missing: a package could not be fetched (no route to host). Install it.',
    );
    expect(readdirSync(path.join(folder, 'mcp-runtime'))).toEqual([]);
    expect(existsSync(path.join(folder, 'mcp-runtime/yardstick'))).toBe(false);
  });
});
