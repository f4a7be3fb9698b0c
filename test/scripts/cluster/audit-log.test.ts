// The API server writes its log while tests read it: what is read are whole lines, of after the mark.
import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { AuditLog } from '#scripts/cluster/audit-log.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'mcp-runtime-audit-'));
const file = path.join(folder, 'audit.log');

const line = (name: string) =>
  `${JSON.stringify({
    stage: 'ResponseComplete',
    verb: 'get',
    requestURI: `/api/v1/namespaces/a/configmaps/${name}`,
    user: { username: 'ada' },
    objectRef: { resource: 'configmaps', namespace: 'a', name },
    responseStatus: { code: 200 },
    requestReceivedTimestamp: '2030-01-31T12:00:00.000000Z',
  })}\n`;

const namesSince = (log: AuditLog, since: number) => log.read({ since }).map(({ name }) => name);

beforeEach(() => writeFileSync(file, ''));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('an event of after a mark is read, one of before is not', () => {
  const log = new AuditLog(file);
  appendFileSync(file, line('before'));
  const since = log.mark();
  expect(namesSince(log, since)).toEqual([]);
  appendFileSync(file, line('after'));
  expect(namesSince(log, since)).toEqual(['after']);
  expect(namesSince(log, 0)).toEqual(['before', 'after']);
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

it('an event that is half written is not read yet', () => {
  const log = new AuditLog(file);
  const whole = line('slow');
  appendFileSync(file, whole.slice(0, 20));
  expect(namesSince(log, 0)).toEqual([]);
  appendFileSync(file, whole.slice(20));
  expect(namesSince(log, 0)).toEqual(['slow']);
});
