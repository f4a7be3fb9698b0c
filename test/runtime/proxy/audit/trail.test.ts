import { afterEach, describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { FIRST_PREV_HASH } from '#api/audit-event.ts';
import { USER_2 } from '../harness/policy.ts';
import { World } from '../harness/world.ts';

let world: World;
afterEach(() => world.close());

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('the audit trail', () => {
  it('is numbered without gaps, chained by hashes, and signed with the key', async () => {
    world = await World.start();
    for (let count = 0; count < 5; count += 1) await world.call('read_note');
    await world.audit(5);
    const { events, lines } = world.ingest;
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(events.map(({ prev_hash }) => prev_hash)).toEqual([
      FIRST_PREV_HASH,
      ...lines.slice(0, 4).map(sha256),
    ]);
    expect(new Set(events.map(({ id }) => id)).size).toBe(5);
    expect(events[0]).toMatchObject({
      source: 'notes-gateway',
      event_type: 'mcp.request',
      instance: 'proxy-1',
      boot_epoch: 1,
    });
    expect([...world.ingest.apiKeys]).toEqual(['key-1']);
  });

  it('has the decision on a destructive call before the call is made', async () => {
    world = await World.start({
      upstream: (request, response) => {
        const spool = path.join(world.folder, 'state/spool/audit-0000000001.ndjson');
        request.resume();
        void readFile(spool, 'utf8').then((text) => {
          const result = { recorded: text.includes('"phase":"decided"') && text.includes('"delete_note"') };
          response.writeHead(200, { 'content-type': 'application/json' });
          response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, result }));
        });
      },
    });
    expect((await world.call('delete_note', USER_2)).json.result).toEqual({ recorded: true });
    const events = await world.audit(2);
    expect(events).toMatchObject([
      { phase: 'decided', decision: 'allow', outcome: 'none', status: 0 },
      { phase: 'finished', outcome: 'answered', status: 200 },
    ]);
    expect(world.ingest.events[0]?.id).toBe(world.ingest.events[1]?.id);
  });

  it('outlives an ingest that is away', async () => {
    world = await World.start();
    world.ingest.answer = () => 503;
    await world.call('read_note');
    await world.until(() => world.ingest.offered.length >= 2);
    expect(world.ingest.events).toEqual([]);
    world.ingest.answer = () => 202;
    expect(await world.audit(1)).toHaveLength(1);
    expect(world.logLines.some((line) => line.includes('kept in the spool'))).toBe(true);
  });

  it('keeps trying with a wrong key, and says which variable to check', async () => {
    world = await World.start();
    world.ingest.answer = () => 401;
    await world.call('read_note');
    await world.until(() => world.logLines.some((line) => line.includes('ANALYTICS_API_KEY')));
    world.ingest.answer = () => 202;
    expect(await world.audit(1)).toHaveLength(1);
  });

  it('sets an event aside that ingest refuses for good, and delivers the others', async () => {
    world = await World.start();
    world.ingest.answer = (batch) =>
      batch.some(({ payload }) => payload.tool_name === 'add_note') ? 400 : 202;
    await Promise.all(
      ['read_note', 'add_note', 'list_notes', 'read_note', 'secret'].map((tool) => world.call(tool)),
    );
    const events = await world.audit(4);
    expect(events.map(({ tool_name }) => tool_name).sort()).toEqual([
      'list_notes',
      'read_note',
      'read_note',
      'secret',
    ]);
    const parked = await readFile(path.join(world.folder, 'state/spool/refused.ndjson'), 'utf8');
    expect(parked.trim().split('\n')).toHaveLength(1);
    expect(parked).toContain('add_note');
    expect((await world.page('/metrics')).text).toMatch(/audit_events_total\{result="refused"[^}]*\} 1/);
  });

  it('full, counts what reads lose, and denies what must be on record', async () => {
    world = await World.start({ env: { SPOOL_MAX_BYTES: String(64 * 1024) } });
    world.ingest.answer = () => 503;
    let reads = 0;
    while (!world.logLines.some((line) => line.includes('being lost'))) {
      await world.call('read_note');
      reads += 1;
      expect(reads).toBeLessThan(500);
    }
    expect((await world.call('read_note')).json.result).toBeDefined();
    const before = world.received.length;
    expect((await world.call('delete_note', USER_2)).json.error?.data?.reason).toBe('audit_unavailable');
    expect(world.received).toHaveLength(before);
    const lost = /audit_events_total\{result="lost"[^}]*\} (\d+)/.exec(
      (await world.page('/metrics')).text,
    )?.[1];
    expect(Number(lost)).toBeGreaterThanOrEqual(2);
  });

  it('has nothing of health checks, metrics, arguments and tokens', async () => {
    world = await World.start();
    for (const page of ['/health', '/ready', '/config/status']) {
      await world.send('GET', '', {}, `http://127.0.0.1:${world.proxy.port}${page}`);
    }
    await world.call(
      'read_note',
      { 'x-mcp-human-id': 'user-1', authorization: 'Bearer hidden-token' },
      { id: 'hidden-argument' },
    );
    await world.audit(1);
    expect(world.ingest.lines).toHaveLength(1);
    expect(world.ingest.lines.join('') + world.logLines.join('')).not.toMatch(/hidden-/);
  });

  it('is off without an ingest, and readiness says so', async () => {
    world = await World.start({ auditOff: true });
    expect((await world.call('delete_note', USER_2)).json.result).toBeDefined();
    expect((await world.page('/ready')).text).toContain('"audit":"off"');
    expect(world.ingest.offered).toEqual([]);
  });
});
