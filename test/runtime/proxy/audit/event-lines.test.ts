import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventLines } from '#runtime/proxy/audit/event-lines.ts';
import { Room } from '#runtime/proxy/audit/room.ts';

const event = fc.record({
  n: fc.integer(),
  text: fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
});
const events = fc.array(event, { minLength: 1, maxLength: 20 });
const bytesOf = (list: readonly object[]): Buffer =>
  Buffer.from(list.map((each) => `${JSON.stringify(each)}\n`).join(''));

function parsed(lines: EventLines | undefined): unknown {
  return lines === undefined ? [] : JSON.parse(lines.json.toString());
}

describe('EventLines', () => {
  it('is a JSON array of the events it was made from', () => {
    fc.assert(
      fc.property(events, (list) => {
        const lines = EventLines.of(bytesOf(list), 1000, new Room());
        expect(lines?.count).toBe(list.length);
        expect(parsed(lines)).toEqual(list);
      }),
    );
  });

  it('takes no more events than it is asked for, and no unfinished line', () => {
    fc.assert(
      fc.property(events, fc.integer({ min: 1, max: 25 }), (list, max) => {
        const unfinished = Buffer.concat([bytesOf(list), Buffer.from('{"n":')]);
        expect(parsed(EventLines.of(unfinished, max, new Room()))).toEqual(list.slice(0, max));
      }),
    );
  });

  it('is nothing where there is no whole line', () => {
    expect(EventLines.of(Buffer.from('{"n":1}'), 10, new Room())).toBeUndefined();
  });

  it('has halves that are the whole, and one event has no rest', () => {
    fc.assert(
      fc.property(events, (list) => {
        const [first, rest] = EventLines.of(bytesOf(list), 1000, new Room())?.halves() ?? [];
        expect([parsed(first), parsed(rest)].flat()).toEqual(list);
        expect(first?.count).toBe(Math.ceil(list.length / 2));
        expect(rest === undefined).toBe(list.length === 1);
      }),
    );
  });
});
