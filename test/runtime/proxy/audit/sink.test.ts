import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { AuditPayload } from '#api/audit-event.ts';
import { AuditSink } from '#runtime/proxy/audit/sink.ts';
import { Room } from '#runtime/proxy/audit/room.ts';
import { Spool } from '#runtime/proxy/audit/spool.ts';
import { systemClock } from '#runtime/process/clock.ts';
import { silentLog } from '#runtime/process/log.ts';

const payload: AuditPayload = {
  kind: 'request',
  phase: 'complete',
  method: 'POST',
  path: '/mcp',
  status: 200,
  latency_ms: 1,
  bytes_in: 1,
  bytes_out: 1,
  server: 'notes',
  namespace: 'team-a',
  decision: 'allow',
  reason: 'allowed',
  outcome: 'answered',
};

/** A disk whose first write lasts until it is told to go on. */
class SlowSpool extends Spool {
  writes = 0;
  readonly begun = Promise.withResolvers<undefined>();
  readonly goOn = Promise.withResolvers<undefined>();

  override async append(lines: Buffer, sync: boolean): Promise<void> {
    this.writes += 1;
    if (this.writes === 1) {
      this.begun.resolve(undefined);
      await this.goOn.promise;
    }
    await super.append(lines, sync);
  }
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'sink-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('AuditSink', () => {
  it('writes what came during a slow write as soon as that is over, without waiting for another event', async () => {
    const spool = new SlowSpool({ folder, maxBytes: 1024 * 1024 });
    let appended = 0;
    const both = Promise.withResolvers<undefined>();
    const sink = new AuditSink({
      spool,
      identity: { source: 'notes-gateway', eventType: 'mcp.request', instance: 'notes-0' },
      clock: systemClock,
      log: silentLog,
      onAppended: () => {
        appended += 1;
        if (appended === 2) both.resolve(undefined);
      },
    });
    sink.record({ id: 'first', traceId: undefined, payload });
    await spool.begun.promise;
    sink.record({ id: 'second', traceId: undefined, payload });
    // Longer than the window, so that the second event is due while the first is still being written.
    await new Promise((resolve) => setTimeout(resolve, 200));
    spool.goOn.resolve(undefined);
    await both.promise;
    const batch = await spool.read(10, 10_000, new Room());
    expect(batch?.events.toString()).toMatch(/"id":"first"[\s\S]*"id":"second"/);
    await sink.close();
    await spool.close();
  });

  it('says that it loses events while the disk takes none, and no more once it does', async () => {
    const disk = { isFull: true };
    class FullSpool extends Spool {
      override append(lines: Buffer, sync: boolean): Promise<void> {
        return disk.isFull ? Promise.reject(new Error('ENOSPC')) : super.append(lines, sync);
      }
    }
    const spool = new FullSpool({ folder, maxBytes: 1024 * 1024 });
    const sink = new AuditSink({
      spool,
      identity: { source: 'notes-gateway', eventType: 'mcp.request', instance: 'notes-0' },
      clock: systemClock,
      log: silentLog,
      onAppended: () => undefined,
    });
    const commit = (id: string) =>
      new Promise<boolean>((resolve) => sink.commit({ id, traceId: undefined, payload }, resolve));
    expect(sink.losing).toBe(false);
    expect(await commit('first')).toBe(false);
    expect(sink.losing).toBe(true);
    disk.isFull = false;
    expect(await commit('second')).toBe(true);
    expect(sink.losing).toBe(false);
    expect(sink.counts).toEqual({ recorded: 1, lost: 1 });
    await sink.close();
    await spool.close();
  });
});
