import { describe, expect, it } from '@jest/globals';
import { completeLockfile } from '#scripts/lock.mjs';

function lockfile(optionalDependencies: Record<string, string>, others: Record<string, object> = {}) {
  return {
    packages: {
      '': { name: 'project' },
      'node_modules/tool': { version: '1.0.0', optionalDependencies },
      ...others,
    },
  };
}

describe('completeLockfile', () => {
  it('adds the platform packages that npm left out, with their platform', () => {
    const lock = lockfile({ 'tool-linux-x64-musl': '1.0.0', '@tool/darwin-arm64': '1.0.0' });
    expect(completeLockfile(lock)).toEqual(['tool-linux-x64-musl', '@tool/darwin-arm64']);
    expect(lock.packages).toMatchObject({
      'node_modules/tool-linux-x64-musl': {
        version: '1.0.0',
        optional: true,
        os: ['linux'],
        cpu: ['x64'],
        libc: ['musl'],
      },
      'node_modules/@tool/darwin-arm64': { version: '1.0.0', optional: true, os: ['darwin'], cpu: ['arm64'] },
    });
  });

  it('marks a package for development where the one that wants it is', () => {
    const lock = lockfile({});
    Object.assign(lock.packages, {
      'node_modules/dev': {
        version: '2.0.0',
        dev: true,
        optionalDependencies: { 'dev-win32-arm64': '2.0.0' },
      },
    });
    completeLockfile(lock);
    expect(lock.packages).toHaveProperty(['node_modules/dev-win32-arm64', 'dev'], true);
  });

  it('changes nothing the second time', () => {
    const lock = lockfile({ 'tool-linux-arm64-gnu': '1.0.0' });
    completeLockfile(lock);
    const once = structuredClone(lock);
    expect(completeLockfile(lock)).toEqual([]);
    expect(lock).toEqual(once);
  });

  it('leaves alone what npm resolved, what names no platform and what names no exact version', () => {
    const there = { version: '1.0.0', resolved: 'kept' };
    const lock = lockfile(
      { 'tool-linux-x64': '1.0.0', fsevents: '2.0.0', 'tool-aix-ppc64': '^1.0.0' },
      { 'node_modules/tool-linux-x64': there },
    );
    expect(completeLockfile(lock)).toEqual([]);
    expect(lock.packages).toHaveProperty(['node_modules/tool-linux-x64'], there);
  });

  it('keeps the project first and the rest in order of name, as npm does', () => {
    const lock = lockfile({ 'b-linux-x64': '1.0.0', 'a-linux-x64': '1.0.0' });
    completeLockfile(lock);
    expect(Object.keys(lock.packages)).toEqual([
      '',
      'node_modules/a-linux-x64',
      'node_modules/b-linux-x64',
      'node_modules/tool',
    ]);
  });
});
