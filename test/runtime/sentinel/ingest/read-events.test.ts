import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { auditEvent, INGEST_LIMITS } from '#api/audit-event.ts';
import { compileCheck } from '#runtime/sentinel/ingest/compiled-check.ts';
import { readEvents } from '#runtime/sentinel/ingest/read-events.ts';
import { eventOf } from '../events.ts';

const identity = { namespace: 'mcp-servers', server: 'notes' };
const read = (value: unknown) => readEvents(Buffer.from(JSON.stringify(value)), identity);
const linesOf = (result: ReturnType<typeof readEvents>): readonly unknown[] =>
  result.ok
    ? result.lines
        .split('\n')
        .slice(0, -1)
        .map((line): unknown => JSON.parse(line))
    : [];

describe('readEvents', () => {
  it('takes one event, a batch, and an empty batch', () => {
    expect(linesOf(read(eventOf()))).toEqual([eventOf()]);
    expect(linesOf(read([eventOf({ id: 'a' }), eventOf({ id: 'b' })]))).toHaveLength(2);
    expect(read([])).toEqual({ ok: true, lines: '', count: 0 });
  });

  it('names index and path of what is wrong, and stores nothing of the batch', () => {
    const bad = { ...eventOf(), payload: { ...eventOf().payload, decision: 'perhaps', status: -1 } };
    expect(read([eventOf(), bad])).toMatchObject({
      ok: false,
      status: 400,
      code: 'invalid_events',
      problems: [
        { index: 1, path: 'payload.status' },
        { index: 1, path: 'payload.decision' },
      ],
    });
  });

  it('refuses the events of another server, and names both', () => {
    const result = read([eventOf(), eventOf({ payload: { server: 'victim' } })]);
    expect(result).toMatchObject({ ok: false, status: 403, code: 'foreign_server' });
    expect(result.ok ? '' : result.message).toContain('mcp-servers/notes');
    expect(result.ok ? '' : result.message).toContain('mcp-servers/victim');
  });

  it('stores the last of duplicate members and nothing of the others, so that no reader sees another server', () => {
    const text = JSON.stringify(eventOf()).replace('"server":"notes"', '"server":"victim","server":"notes"');
    const result = readEvents(Buffer.from(text), identity);
    expect(result.ok && result.lines).not.toContain('victim');
    const escaped = JSON.stringify(eventOf()).replace(
      '"server":"notes"',
      '"server":"notes","\\u0073erver":"victim"',
    );
    expect(readEvents(Buffer.from(escaped), identity)).toMatchObject({ ok: false, status: 403 });
  });

  it('keeps short members that it does not know, and refuses what the store could not read', () => {
    const payload = eventOf().payload;
    const withMember = (value: unknown) => read({ ...eventOf(), payload: { ...payload, novelty: value } });
    for (const value of ['text', 1.5, true, null]) {
      expect(linesOf(withMember(value))).toEqual([{ ...eventOf(), payload: { ...payload, novelty: value } }]);
    }
    for (const value of [{}, [], 'x'.repeat(5000), 1e300, '\ud800']) {
      expect(withMember(value)).toMatchObject({
        ok: false,
        status: 400,
        problems: [{ path: 'payload.novelty' }],
      });
    }
    expect(read({ ...eventOf(), payload: { ...payload, latency_ms: 1e20 } })).toMatchObject({ ok: false });
    expect(read({ ...eventOf(), payload: { ...payload, tool_name: 'a\udc00' } })).toMatchObject({
      ok: false,
      problems: [{ path: 'payload.tool_name', message: 'not well-formed Unicode' }],
    });
  });

  it('refuses what is not JSON, not UTF-8, or no event at all', () => {
    expect(readEvents(Buffer.from('{'), identity)).toMatchObject({ status: 400, code: 'invalid_json' });
    expect(readEvents(Buffer.from([0x22, 0xff, 0x22]), identity)).toMatchObject({ code: 'invalid_json' });
    for (const value of [null, 1, 'x', [[]], [null]])
      expect(read(value)).toMatchObject({ code: 'invalid_events' });
  });

  it('bounds the number of events and of problems', () => {
    const many = Array.from({ length: INGEST_LIMITS.events + 1 }, () => eventOf());
    expect(read(many)).toMatchObject({ ok: false, status: 413 });
    const bad = Array.from({ length: 500 }, () => ({}));
    const result = read(bad);
    expect(result.ok ? [] : result.problems).toHaveLength(20);
  });

  it('takes the single-event form of Go installations, and gives one event one id', () => {
    const go = {
      timestamp: '2026-04-29T10:00:00.123456789+02:00',
      trace_id: '4bf92f3577b34da6a3ce929d0e0e4736',
      source: 'notes-gateway',
      event_type: 'mcp.request',
      payload: {
        method: 'POST',
        path: '/mcp',
        status: 200,
        decision: 'deny',
        reason: 'tool_denied',
        extra: 'kept',
      },
    };
    const [event] = linesOf(read(go));
    expect(event).toMatchObject({
      timestamp: '2026-04-29T08:00:00.123Z',
      payload: {
        server: 'notes',
        namespace: 'mcp-servers',
        decision: 'deny',
        outcome: 'none',
        extra: 'kept',
      },
    });
    expect(linesOf(read(go))).toEqual([event]);
    expect(auditEvent.safeParse(event).success).toBe(true);
    expect(read({ ...go, payload: { ...go.payload, server: 'victim' } })).toMatchObject({ status: 403 });
    expect(read({ ...go, payload: { server: 'notes' } })).toMatchObject({
      status: 400,
      problems: [{ path: 'payload.decision' }],
    });
  });
});

describe('the compiled check', () => {
  const check = compileCheck(auditEvent, { extension: () => false, maxNumber: Number.MAX_SAFE_INTEGER });
  const odd = fc.oneof(
    fc.constantFrom<unknown>(
      '',
      'low',
      'x'.repeat(5000),
      -1,
      1.5,
      1e20,
      null,
      true,
      {},
      [],
      '2026-02-30T00:00:00Z',
    ),
    fc.string(),
    fc.double(),
  );

  it('accepts what zod accepts and nothing else, whatever member is changed or left out', () => {
    const whole: Record<string, unknown> = { ...eventOf({ trace_id: 'abc' }) };
    const payload: Record<string, unknown> = { ...eventOf().payload };
    fc.assert(
      fc.property(
        fc.constantFrom(
          ...Object.keys(whole).filter((key) => key !== 'payload'),
          ...Object.keys(auditEvent.shape.payload.shape),
        ),
        fc.option(odd),
        (member, value) => {
          const inEnvelope = Object.hasOwn(whole, member);
          const target = { ...(inEnvelope ? whole : payload) };
          if (value === null) Reflect.deleteProperty(target, member);
          else target[member] = value;
          const event: unknown = JSON.parse(
            JSON.stringify(inEnvelope ? { ...target, payload } : { ...whole, payload: target }),
          );
          const isTooLarge = typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER;
          if (!isTooLarge) expect(check(event)).toBe(auditEvent.safeParse(event).success);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('refuses to be made from what it does not understand', () => {
    const options = { extension: () => false, maxNumber: 1 };
    expect(() => compileCheck(z.object({ a: z.string().refine(() => false) }), options)).toThrow(
      'fast check',
    );
    expect(() => compileCheck(z.object({ a: z.array(z.string()) }), options)).toThrow('array');
    expect(() => compileCheck(z.object({ a: z.number().positive() }), options)).toThrow('greater_than');
  });
});
