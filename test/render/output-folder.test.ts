import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PlatformError } from '#api/errors.ts';
import { writeFolder } from '#render/output-folder.ts';
import { marked } from '#render/rendered-file.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';

let temporary: TemporaryFolder;
let folder = '';
beforeEach(() => {
  temporary = temporaryFolder();
  folder = path.join(temporary.path, 'deploy');
});
afterEach(() => temporary.remove());

const file = (at: string, text = 'a: 1\n') => ({ path: at, text: marked('a/construct', text) });
const contents = () => readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();

function put(at: string, text: string): void {
  mkdirSync(path.dirname(path.join(folder, at)), { recursive: true });
  writeFileSync(path.join(folder, at), text);
}

function refusal(files = [file('a.yaml')]): { readonly code: unknown; readonly message: string } {
  try {
    writeFolder(folder, files);
  } catch (error) {
    if (error instanceof PlatformError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('writeFolder', () => {
  it('makes the folder, and the folders in it', () => {
    const changes = writeFolder(folder, [file('b/c.yaml'), file('a.yaml')]);
    expect(changes).toEqual({ written: ['a.yaml', 'b/c.yaml'], removed: [], unchanged: 0 });
    expect(readFileSync(path.join(folder, 'b/c.yaml'), 'utf8')).toBe(file('b/c.yaml').text);
  });

  it('leaves a file alone that is right already', () => {
    writeFolder(folder, [file('a.yaml'), file('b.yaml')]);
    const before = new Date(0);
    for (const name of ['a.yaml', 'b.yaml']) utimesSync(path.join(folder, name), before, before);
    const changes = writeFolder(folder, [file('a.yaml'), file('b.yaml', 'a: 2\n')]);
    expect(changes).toEqual({ written: ['b.yaml'], removed: [], unchanged: 1 });
    const times = ['a.yaml', 'b.yaml'].map((name) => statSync(path.join(folder, name)).mtimeMs > 0);
    expect(times).toEqual([false, true]);
  });

  it('removes what an earlier synth wrote, with the folders that are empty then', () => {
    writeFolder(folder, [file('a/b/c.yaml'), file('a/d.yaml'), file('e/f.yaml')]);
    expect(writeFolder(folder, [file('a/d.yaml')]).removed).toEqual(['a/b/c.yaml', 'e/f.yaml']);
    expect(contents()).toEqual(['a', 'a/d.yaml']);
  });

  it('takes a name for a file that was a folder, and the other way round', () => {
    writeFolder(folder, [file('a/b.yaml'), file('c')]);
    writeFolder(folder, [file('a'), file('c/d.yaml')]);
    expect(contents()).toEqual(['a', 'c', 'c/d.yaml']);
  });

  it('leaves hidden files where they are', () => {
    put('.git/config', 'mine');
    put('old/.keep', '');
    writeFolder(folder, [file('old/a.yaml')]);
    writeFolder(folder, [file('a.yaml')]);
    expect(contents()).toEqual(['.git', '.git/config', 'a.yaml', 'old', 'old/.keep']);
  });

  it('refuses a folder with files of others, by their names, before it changes anything', () => {
    writeFolder(folder, [file('old.yaml')]);
    put('notes.md', 'mine');
    put('deep/er/values.yaml', 'a: 1\n');
    const error = refusal();
    expect(error.code).toBe('foreign_files');
    expect(error.message).toContain(
      'holds what synth did not write: deep/er/values.yaml, notes.md; name a folder',
    );
    expect(contents()).toEqual(['deep', 'deep/er', 'deep/er/values.yaml', 'notes.md', 'old.yaml']);
  });

  it('refuses a link, wherever it leads', () => {
    mkdirSync(folder);
    const elsewhere = path.join(temporary.path, 'elsewhere');
    writeFolder(elsewhere, [file('kept.yaml')]);
    symlinkSync(elsewhere, path.join(folder, 'a'));
    expect(refusal([file('a/b.yaml')]).message).toContain(': a; name a folder');
    expect(readdirSync(elsewhere)).toEqual(['kept.yaml']);
  });

  it('does not look through all of a large folder for what it refuses', () => {
    for (let at = 0; at < 40; at += 1) put(`${at}.txt`, '');
    expect(refusal().message).toMatch(/(\d+\.txt(, )?){8} and others; /);
  });

  it('refuses a file in the place of the folder', () => {
    writeFileSync(folder, 'mine');
    expect(refusal().code).toBe('folder_unusable');
    expect(existsSync(folder)).toBe(true);
  });
});
