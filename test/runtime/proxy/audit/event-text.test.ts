import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { auditPayload, type AuditPayload } from '#api/audit-event.ts';
import { EventTexts, type TextKeeper } from '#runtime/proxy/audit/event-text.ts';
import { LineBuffer } from '#runtime/proxy/audit/line-buffer.ts';

const payload: AuditPayload = {
  kind: 'request',
  phase: 'complete',
  method: 'POST',
  path: '/mcp',
  status: 200,
  latency_ms: 1.5,
  bytes_in: 1,
  bytes_out: 2,
  server: 'notes',
  namespace: 'team-a',
  cluster: 'prod',
  decision: 'allow',
  reason: 'allowed',
  outcome: 'answered',
  tool_name: 'search',
};

const text = fc.string({ unit: 'binary', maxLength: 8 });
/** Any payload that has every field, or leaves out those that may be absent. */
const payloads = fc.record(
  Object.fromEntries(
    Object.entries(auditPayload.shape).map(([field, schema]) => {
      const optional = schema.safeParse(undefined).success;
      const known = 'options' in schema ? schema.options : undefined;
      const value = known === undefined ? fc.oneof(text, fc.nat(3)) : fc.constantFrom(...known);
      return [field, optional ? fc.option(value, { nil: undefined }) : value];
    }),
  ),
);

const lines = new LineBuffer();

/** What a payload reads as. */
function said(texts: EventTexts, event: AuditPayload, caller?: TextKeeper): unknown {
  lines.begin();
  texts.put(lines, event, caller);
  return JSON.parse(lines.finish().toString());
}

describe('EventTexts', () => {
  it('says every field of a payload, whatever was rendered before', () => {
    const texts = new EventTexts();
    const caller = { eventText: undefined };
    fc.assert(
      fc.property(payloads, (given) => {
        // One name and one caller for all, so that each is rendered where another one is kept.
        const event = { ...payload, ...given, tool_name: 'search' };
        for (const each of [event, event, payload]) {
          const expected: unknown = JSON.parse(JSON.stringify(each));
          expect(said(texts, each)).toEqual(expected);
          expect(said(texts, each, caller)).toEqual(expected);
        }
      }),
    );
  });

  it('goes on when callers name more tools than it keeps', () => {
    const texts = new EventTexts();
    for (let at = 0; at < 1_000; at += 1) {
      const event = { ...payload, tool_name: `tool-${at}`, bytes_in: at };
      expect(said(texts, event)).toEqual(event);
    }
  });

  it('tells the time to the millisecond', () => {
    const texts = new EventTexts();
    for (const ms of [0, 0, 1, 1_796_000_000_123]) {
      expect(texts.timestamp(ms)).toBe(new Date(ms).toISOString());
    }
  });
});
