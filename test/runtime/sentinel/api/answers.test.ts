import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AuditEvent } from '#api/audit-event.ts';
import {
  accessList,
  decisionPage,
  eventPage,
  LIVE_MESSAGES,
  liveDecisions,
  SENTINEL_PATHS,
  serverList,
  trafficSummary,
} from '#api/sentinel-api.ts';
import { eventOf } from '../events.ts';
import { SentinelHome, SentinelProcess, until } from '../sentinel-process.ts';

let home: SentinelHome;
let sentinel: SentinelProcess;
const OTHER_KEY = 'key-of-others-0123456789';
/** Whole minutes ago, so that a page boundary never falls between two runs of a test. */
const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

beforeAll(async () => {
  home = await SentinelHome.make();
  await home.write('keys.json', [
    { key: 'key-of-notes-0123456789', namespace: 'mcp-servers', server: 'notes' },
    { key: OTHER_KEY, namespace: 'teams', server: 'others' },
  ]);
  sentinel = await SentinelProcess.start(home);
}, 90_000);

afterAll(async () => {
  await sentinel.kill('SIGTERM');
  await home.remove();
});

async function record(events: readonly AuditEvent[], key?: string): Promise<void> {
  expect(await sentinel.post(events, key)).toMatchObject({ status: 202 });
  await sentinel.settled();
}

const decisionsOf = (query: string) => sentinel.get(decisionPage, `${SENTINEL_PATHS.decisions}?${query}`);
const eventsOf = (query: string) => sentinel.get(eventPage, `${SENTINEL_PATHS.events}?${query}`);
const idsOf = (rows: readonly { readonly id: string }[]): readonly string[] => rows.map(({ id }) => id);

describe('decisions', () => {
  it('come latest first, page by page, undisturbed by what arrives meanwhile', async () => {
    const at = minutesAgo(30).slice(0, 19);
    const events = Array.from({ length: 25 }, (_, index) =>
      eventOf({
        id: `paged-${String(index).padStart(2, '0')}`,
        // Every second one shares its millisecond with the one before.
        timestamp: `${at}.${String(100 + Math.floor(index / 2))}Z`,
        payload: { reason: 'paged' },
      }),
    );
    await record(events);
    const found: string[] = [];
    let before = '';
    for (let page = 0; page < 10; page += 1) {
      const { decisions, next } = await decisionsOf(`reason=paged&limit=4${before}`);
      found.push(...idsOf(decisions));
      await record([
        eventOf({ id: `late-${page}`, timestamp: new Date().toISOString(), payload: { reason: 'paged' } }),
      ]);
      if (next === undefined) break;
      expect(next).toBe(decisions.at(-1)?.cursor);
      before = `&before=${next}`;
    }
    expect(found).toEqual(idsOf(events).toReversed());
  });

  it('can be narrowed by server, namespace, decision, reason and time', async () => {
    await record([
      eventOf({ id: 'f1', timestamp: minutesAgo(9), payload: { reason: 'trust_too_low', decision: 'deny' } }),
      eventOf({
        id: 'f2',
        timestamp: minutesAgo(3),
        payload: { reason: 'trust_too_low', decision: 'would_deny' },
      }),
    ]);
    await record(
      [
        eventOf({
          id: 'f3',
          timestamp: minutesAgo(2),
          payload: { server: 'others', namespace: 'teams', reason: 'trust_too_low', decision: 'deny' },
        }),
      ],
      OTHER_KEY,
    );
    const query = async (text: string) =>
      idsOf((await decisionsOf(`reason=trust_too_low&${text}`)).decisions);
    expect(await query('')).toEqual(['f3', 'f2', 'f1']);
    expect(await query('server=others')).toEqual(['f3']);
    expect(await query('namespace=mcp-servers')).toEqual(['f2', 'f1']);
    expect(await query('decision=deny')).toEqual(['f3', 'f1']);
    expect(await query(`since=${minutesAgo(5)}`)).toEqual(['f3', 'f2']);
    expect(await query('server=others&namespace=mcp-servers')).toEqual([]);
  });

  it('put the beginning and the end of one request together', async () => {
    await record([
      eventOf({
        id: 'streamed',
        timestamp: minutesAgo(1),
        payload: { phase: 'decided', reason: 'joined', status: 0, latency_ms: 0, outcome: 'unknown' },
      }),
    ]);
    const [open] = (await decisionsOf('reason=joined')).decisions;
    expect(open).toMatchObject({ id: 'streamed' });
    expect(open).not.toHaveProperty('durationMs');
    await record([
      eventOf({
        id: 'streamed',
        timestamp: minutesAgo(0),
        payload: { phase: 'finished', reason: 'joined', latency_ms: 5120 },
      }),
    ]);
    const { decisions } = await decisionsOf('reason=joined');
    expect(decisions).toMatchObject([{ id: 'streamed', status: 200, outcome: 'answered', durationMs: 5120 }]);
    expect(decisions[0]?.timestamp).toBe(open?.timestamp);
  });

  it('take filters for what they are, never for a part of a statement', async () => {
    for (const text of ["' OR 1=1 --", "x'); DROP TABLE events; --", '{limit:UInt32}', '\\', '\u0000', '%']) {
      const query = new URLSearchParams({ server: text, reason: text });
      expect((await decisionsOf(query.toString())).decisions).toEqual([]);
    }
    expect((await decisionsOf('limit=1')).decisions).toHaveLength(1);
  });

  it('refuse a cursor that they did not give', async () => {
    for (const cursor of ['x', 'e30', Buffer.from('[1,2,3,4,5]').toString('base64url')]) {
      const response = await fetch(`${sentinel.apiUrl}${SENTINEL_PATHS.decisions}?before=${cursor}`);
      expect(response.status).toBe(400);
    }
  });
});

describe('events', () => {
  const word = fc.string({ unit: 'grapheme', maxLength: 30 }).filter((text) => text.isWellFormed());
  const anEvent = fc
    .record({
      tool: fc.oneof(
        word,
        fc.constantFrom('tab\there', 'line\nbreak', 'back\\slash', '\\N', 'quo"te', 'nul\u0000'),
      ),
      human: word,
      latency: fc.double({ min: 0, max: 1e6, noNaN: true }),
      reason: word,
    })
    .map(({ tool, human, latency, reason }) => ({
      tool_name: tool,
      human_id: human,
      latency_ms: latency,
      reason,
    }));

  it('come back exactly as they were sent, and are found by what they say', async () => {
    const payloads = fc.sample(anEvent, 120);
    const sent = payloads.map((payload, at) =>
      eventOf({ id: `exact-${String(at).padStart(3, '0')}`, timestamp: '2026-01-02T03:04:05.678Z', payload }),
    );
    await record(sent);
    const found = (await sentinel.allEvents(50)).filter(({ id }) => id.startsWith('exact-'));
    // Through JSON, as sent: minus zero has no text of its own.
    expect(found).toEqual(JSON.parse(JSON.stringify(sent)));
    for (const { payload } of sent.slice(0, 15)) {
      if (payload.tool_name === undefined || payload.tool_name === '') continue;
      const query = new URLSearchParams({ tool: payload.tool_name, limit: '1000' });
      const { events } = await eventsOf(query.toString());
      const tools = new Set(events.map((event) => event.payload.tool_name));
      expect(tools).toEqual(new Set([payload.tool_name]));
    }
  });

  it('can be fetched since a time, by id, session and caller, with the whole event', async () => {
    const since = minutesAgo(0);
    const whole = eventOf({
      id: 'whole',
      timestamp: new Date().toISOString(),
      seq: 41,
      payload: {
        session_id: 's-9',
        human_id: 'h-9',
        agent_id: 'a-9',
        policy_revision: 'r1',
        arguments_digest: 'd1',
      },
    });
    await record([whole]);
    for (const query of [
      `since=${since}`,
      'id=whole',
      'session=s-9',
      'human=h-9&agent=a-9',
      'kind=request&session=s-9',
    ]) {
      const { events } = await eventsOf(query);
      expect(events).toContainEqual(whole);
    }
    expect((await eventsOf('session=s-9&agent=somebody')).events).toEqual([]);
  });
});

describe('servers, access and summary', () => {
  it('show the inventory with counts, follow its file, and keep the last good one', async () => {
    const server = {
      namespace: 'mcp-servers',
      name: 'notes',
      state: 'ready',
      url: 'http://127.0.0.1:1/mcp',
      tools: [],
    };
    const session = {
      namespace: 'mcp-servers',
      name: 'live',
      server: 'notes',
      subject: { humanId: 'user-1' },
      consentedTrust: 'low',
      state: 'active',
    };
    await home.write('inventory.json', { servers: [server], grants: [], sessions: [session] });
    await record([eventOf({ id: 'counted', timestamp: new Date().toISOString() })]);
    const listed = async () => sentinel.get(serverList, SENTINEL_PATHS.servers);
    await until(async () => (await listed()).servers.some(({ state }) => state === 'ready'));
    const list = await listed();
    const notes = list.servers.find(({ name }) => name === 'notes');
    expect(notes).toMatchObject(server);
    expect(notes?.counts.allow).toBeGreaterThan(0);
    expect(list.servers.find(({ name }) => name === 'others')).toMatchObject({
      state: 'unlisted',
      namespace: 'teams',
    });
    expect(await sentinel.get(accessList, SENTINEL_PATHS.access)).toMatchObject({ sessions: [session] });
    await home.write('inventory.json', { servers: 'none' });
    await until(async () => (await listed()).problem !== undefined);
    expect((await listed()).problem).toContain('inventory.json');
    expect((await listed()).servers.find(({ name }) => name === 'notes')?.state).toBe('ready');
  });

  it('counts every minute, also the quiet ones, and the most frequent reasons first', async () => {
    const events = Array.from({ length: 5 }, (_, at) =>
      eventOf({
        id: `sum-${at}`,
        timestamp: minutesAgo(at < 3 ? 2 : 4),
        payload: {
          server: 'others',
          namespace: 'teams',
          decision: at === 0 ? 'allow' : 'deny',
          reason: at === 0 ? 'allowed' : 'tool_denied',
        },
      }),
    );
    await record(events, OTHER_KEY);
    const summary = await sentinel
      .get(trafficSummary, `${SENTINEL_PATHS.summary}?server=others&reason=x`)
      .catch(() => 'refused');
    expect(summary).toBe('refused');
    const { minutes, reasons } = await sentinel.get(
      trafficSummary,
      `${SENTINEL_PATHS.summary}?server=others&minutes=10`,
    );
    expect(minutes).toHaveLength(10);
    expect(minutes.map(({ at }) => Date.parse(at) % 60_000)).toEqual(Array.from({ length: 10 }, () => 0));
    const sum = (pick: (minute: (typeof minutes)[number]) => number): number =>
      minutes.reduce((total, minute) => total + pick(minute), 0);
    expect(sum(({ allow }) => allow)).toBe(1);
    expect(sum(({ deny }) => deny)).toBe(5);
    expect(reasons[0]).toEqual({ decision: 'deny', reason: 'tool_denied', count: 4 });
  });
});

describe('the live stream', () => {
  it('tells decisions as they are recorded', async () => {
    const ending = new AbortController();
    const response = await fetch(`${sentinel.apiUrl}${SENTINEL_PATHS.decisionStream}?server=notes`, {
      signal: ending.signal,
    });
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader?.read())?.value ?? '';
    expect(text).toContain(': connected');
    await record([eventOf({ id: 'live-1', timestamp: new Date().toISOString() })]);
    await until(async () => {
      text += (await reader?.read())?.value ?? '';
      return text.includes('live-1');
    });
    ending.abort();
    expect(text).toContain(`event: ${LIVE_MESSAGES.decisions}`);
    const data = /^data: (.*live-1.*)$/m.exec(text)?.[1] ?? '';
    expect(liveDecisions.parse(JSON.parse(data))).toMatchObject({
      skipped: 0,
      decisions: [{ id: 'live-1' }],
    });
  });
});
