import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createLog } from '#runtime/process/log.ts';
import { Journal } from '#runtime/proxy/state/journal.ts';
import { SessionLedger, type SessionUser } from '#runtime/proxy/state/session-ledger.ts';

let folder: string;
let journal: Journal;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'ledger-'));
  const log = createLog({ program: 'proxy', destination: { write: () => undefined } });
  journal = new Journal({ folder, log });
});
afterEach(() => {
  journal.close();
  fs.rmSync(folder, { recursive: true });
});

const user = (subjectKey: string, session: string | undefined): SessionUser => ({
  subjectKey,
  session,
  sessionUse: undefined,
});

describe('SessionLedger', () => {
  it('knows when a session was last used, whoever presents it again', () => {
    const ledger = new SessionLedger(journal);
    const first = user('ana', 'brief');
    expect(ledger.lastUsedMs(first)).toBeUndefined();
    ledger.use(first, 1_000);
    const second = user('ana', 'brief');
    expect(ledger.lastUsedMs(second)).toBe(1_000);
    ledger.use(second, 2_000);
    expect([ledger.lastUsedMs(first), ledger.lastUsedMs(second)]).toEqual([2_000, 2_000]);
  });

  it('tells sessions of one name, and callers of one session, apart', () => {
    const ledger = new SessionLedger(journal);
    ledger.use(user('ana', 'brief'), 1_000);
    expect(ledger.lastUsedMs(user('ben', 'brief'))).toBeUndefined();
    expect(ledger.lastUsedMs(user('ana', 'other'))).toBeUndefined();
  });

  it('has nothing to note of a caller without a session', () => {
    const ledger = new SessionLedger(journal);
    const nobody = user('ana', undefined);
    ledger.use(nobody, 1_000);
    expect([ledger.lastUsedMs(nobody), nobody.sessionUse]).toEqual([undefined, undefined]);
  });
});
