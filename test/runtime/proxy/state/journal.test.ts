import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createLog } from '#runtime/process/log.ts';
import { Journal } from '#runtime/proxy/state/journal.ts';

let folder: string;
let lines: string[];
const opened: Journal[] = [];
const file = () => path.join(folder, 'conversations.ndjson');

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'journal-'));
  lines = [];
});
afterEach(() => {
  for (const journal of opened.splice(0)) journal.close();
  fs.rmSync(folder, { recursive: true });
});

function open(size?: number): Journal {
  const log = createLog({ program: 'proxy', destination: { write: (line) => void lines.push(line) } });
  const journal = new Journal({ folder, log, ...(size !== undefined && { size }) });
  opened.push(journal);
  return journal;
}

const ASKED = { is: 'asked', method: 'tools/call', tool: 'read_note' } as const;

describe('what is written', () => {
  it('is there for whoever comes next, without an end of the one before', () => {
    const first = open();
    first.write('s\0ada', '1', 'request', ASKED);
    first.write('s\0ada', '2', 'request', ASKED);
    first.write('s\0ada', '2', 'request', { is: 'cut' });
    first.write('s\0ada', '1', 'question', { is: 'question' });
    const next = open();
    expect(next.find('s\0ada', '1', 'request')).toEqual(ASKED);
    expect(next.find('s\0ada', '2', 'request')).toEqual({ is: 'cut' });
    expect(next.find('s\0ada', '1', 'question')).toEqual({ is: 'question' });
    expect(next.find('s\0bob', '1', 'request')).toBeUndefined();
    expect(next.find('t\0ada', '1', 'request')).toBeUndefined();
    expect(next.find('s\0ada', '2', 'question')).toBeUndefined();
  });

  it('names neither callers nor sessions nor ids, and is for its owner alone', () => {
    open().write('session-1\0ada', '"id-7"', 'request', ASKED);
    const text = fs.readFileSync(file(), 'utf8');
    for (const name of ['session-1', 'ada', 'id-7']) expect(text).not.toContain(name);
    expect(fs.statSync(file()).mode & 0o777).toBe(0o600);
  });

  it('stays within a bound, in memory and on disk, and the oldest go first', () => {
    const journal = open(4);
    for (let id = 0; id < 100; id += 1) journal.write('s', String(id), 'request', ASKED);
    expect(fs.readFileSync(file(), 'utf8').trim().split('\n').length).toBeLessThanOrEqual(8);
    const next = open(4);
    for (const known of [journal, next]) {
      expect(known.find('s', '95', 'request')).toBeUndefined();
      expect(known.find('s', '96', 'request')).toEqual(ASKED);
    }
  });

  it('is gone once it is over', () => {
    const journal = open();
    journal.write('s', '1', 'request', ASKED);
    journal.write('s', '1', 'request', { is: 'over' });
    expect(journal.find('s', '1', 'request')).toBeUndefined();
    expect(open().find('s', '1', 'request')).toBeUndefined();
  });
});

describe('a file', () => {
  it.each([
    ['whose last line was left unfinished', (text: string) => `${text}{"key":"abc","is":"as`],
    ['with lines that are none', (text: string) => `nope\n{"key":1}\n[]\n${text}\0\0\n`],
  ])('%s loses no more than that', (_what, spoil) => {
    open().write('s', '1', 'request', ASKED);
    fs.writeFileSync(file(), spoil(fs.readFileSync(file(), 'utf8')));
    const next = open();
    expect(next.find('s', '1', 'request')).toEqual(ASKED);
    next.write('s', '2', 'request', ASKED);
    expect(open().find('s', '2', 'request')).toEqual(ASKED);
    expect(lines).toEqual([]);
  });

  it('that is much too large is not read', () => {
    fs.writeFileSync(file(), Buffer.alloc(17 * 1024 * 1024, 'x\n'));
    expect(open().find('s', '1', 'request')).toBeUndefined();
    expect(fs.statSync(file()).size).toBe(0);
  });

  it('that can not be made costs a warning and nothing else', () => {
    fs.mkdirSync(`${file()}.new`);
    const journal = open();
    expect(lines.join()).toContain('can not be kept for a restart');
    journal.write('s', '1', 'request', ASKED);
    expect(journal.find('s', '1', 'request')).toEqual(ASKED);
  });

  it('that can not be written any more is emptied, for a cut may be missing in it', () => {
    const journal = open(2);
    journal.write('s', '1', 'request', ASKED);
    // The next time it is to be written anew it can't.
    fs.mkdirSync(`${file()}.new`);
    for (let count = 0; count < 4; count += 1) journal.write('s', '2', 'request', ASKED);
    expect(lines.join()).toContain('can not be kept for a restart');
    expect(fs.existsSync(file())).toBe(false);
    journal.write('s', '1', 'request', { is: 'cut' });
    fs.rmdirSync(`${file()}.new`);
    expect(open().find('s', '1', 'request')).toBeUndefined();
  });
});
