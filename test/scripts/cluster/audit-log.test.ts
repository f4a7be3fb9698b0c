// The API server writes its log while tests read it: what is read are whole lines, of after the mark.
import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AuditLog, type Mark } from '#scripts/cluster/audit-log.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-runtime-audit-'));
const file = path.join(folder, 'audit.log');

const line = (name: string, receivedMs = Date.now()) =>
  `${JSON.stringify({
    stage: 'ResponseComplete',
    verb: 'get',
    requestURI: `/api/v1/namespaces/a/configmaps/${name}`,
    user: { username: 'ada' },
    objectRef: { resource: 'configmaps', namespace: 'a', name },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: new Date(receivedMs).toISOString().replace('Z', '123Z'),
  })}\n`;

/** Long ago, at the beginning of the file. */
const EVER: Mark = { position: 0, atMs: 0 };

const namesSince = (log: AuditLog, since: Mark) => log.read({ since }).map(({ name }) => name);

beforeEach(() => writeFileSync(file, ''));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('an event of after a mark is read, one of before is not', () => {
  const log = new AuditLog(file);
  appendFileSync(file, line('before'));
  const since = log.mark();
  expect(namesSince(log, since)).toEqual([]);
  appendFileSync(file, line('after'));
  expect(namesSince(log, since)).toEqual(['after']);
  expect(namesSince(log, EVER)).toEqual(['before', 'after']);
});

it('an event that was half written at the mark is of before, at whatever byte it was cut', () => {
  const log = new AuditLog(file);
  const half = line('half');
  for (let cut = 1; cut < half.length; cut += 5) {
    writeFileSync(file, line('before') + half.slice(0, cut));
    const since = log.mark();
    expect(namesSince(log, since)).toEqual([]);
    appendFileSync(file, half.slice(cut));
    expect(namesSince(log, since)).toEqual([]);
    appendFileSync(file, line('after'));
    expect(namesSince(log, since)).toEqual(['after']);
  }
});

it('an event that was asked for before a mark is of before, however late it is written down', () => {
  const log = new AuditLog(file);
  const since = log.mark();
  appendFileSync(file, line('late', since.atMs - 1) + line('after', since.atMs));
  expect(namesSince(log, since)).toEqual(['after']);
});

it('an event that is half written is not read yet', () => {
  const log = new AuditLog(file);
  const whole = line('slow');
  appendFileSync(file, whole.slice(0, 20));
  expect(namesSince(log, EVER)).toEqual([]);
  appendFileSync(file, whole.slice(20));
  expect(namesSince(log, EVER)).toEqual(['slow']);
});
