import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EventSplitter, type StreamEvent } from '#runtime/proxy/relay/event-splitter.ts';

const MAX_EVENT_BYTES = 1024 * 1024;

/** What a splitter makes of pieces of a stream. */
function split(pieces: readonly Buffer[]) {
  const splitter = new EventSplitter(MAX_EVENT_BYTES, true);
  // Each has its memory alone, so that it may be freed.
  const results = pieces.map((piece) => splitter.push(Buffer.from(new Uint8Array(piece).buffer)));
  return {
    events: results.flatMap(({ events }) => events),
    problems: results.flatMap(({ problem }) => problem ?? []),
    heldBytes: splitter.heldBytes,
  };
}

/** Pieces of a text, cut after so many bytes each, in turn. */
function cut(text: string, lengths: readonly number[]): readonly Buffer[] {
  const bytes = Buffer.from(text);
  const pieces: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const length = lengths[turn % lengths.length] ?? 1;
    pieces.push(bytes.subarray(at, at + length));
    at += length;
  }
  return pieces;
}

/** Data of the events in a text, read as the standard says: line by line. */
function dataIn(text: string): readonly string[] {
  const blocks = text.replaceAll(/\r\n|\r/g, '\n').split(/(?<=^|\n)\n/);
  return blocks.slice(0, -1).map((block) =>
    block
      .split('\n')
      .filter((line) => line === 'data' || line.startsWith('data:'))
      .map((line) => line.slice('data:'.length).replace(/^ /, ''))
      .join('\n'),
  );
}

const dataOf = (events: readonly StreamEvent[]) => events.map(({ data }) => data.toString());

const line = fc.oneof(
  fc.constantFrom(
    '',
    'data',
    'data:',
    'data: ',
    'data:  two blanks',
    'dat',
    'data x',
    'event: message',
    ': hello',
  ),
  fc.string({ unit: fc.constantFrom('a', 'é', '"', ':', ' ', '\u2028') }).map((text) => `data: ${text}`),
  fc.string({ unit: fc.constantFrom('d', 'a', 't', ':', ' ') }),
);
const stream = fc
  .array(fc.tuple(line, fc.constantFrom('\n', '\r\n', '\r')), { maxLength: 30 })
  .map((lines) => lines.flat().join(''));
const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });

describe('a stream that is split into events', () => {
  it('has the data that a reader sees line by line, however it is cut into pieces', () => {
    fc.assert(
      fc.property(stream, lengths, (text, each) => {
        expect(dataOf(split(cut(text, each)).events)).toEqual(dataIn(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it('loses and adds no byte', () => {
    fc.assert(
      fc.property(stream, lengths, (text, each) => {
        const { events, heldBytes, problems } = split(cut(text, each));
        const passed = Buffer.concat(events.map(({ bytes }) => bytes));
        expect(problems).toEqual([]);
        expect(Buffer.from(text).subarray(0, passed.length).equals(passed)).toBe(true);
        expect(passed.length + heldBytes).toBe(Buffer.byteLength(text));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each(['\n', '\r\n', '\r'])('holds nothing back of an event that ends with %j', (end) => {
    const text = `event: message${end}data: ${'x'.repeat(200_000)}${end}id: 1${end}${end}`;
    const { events, heldBytes } = split(cut(text, [65_536]));
    expect(heldBytes).toBe(0);
    expect(events).toMatchObject([{ hasId: true }]);
    expect(events[0]?.data).toHaveLength(200_000);
  });

  it.each([true, false])('frees what lies whole in one event where it has that alone: %s', (ownsChunks) => {
    const splitter = new EventSplitter(MAX_EVENT_BYTES, ownsChunks);
    const chunks = ['data: 1\n\ndata: ', '2'.repeat(10_000), '3\n\ndata: 4\n\n'].map((text) =>
      Buffer.from(new Uint8Array(Buffer.from(text)).buffer),
    );
    const lengths = chunks.map(({ length }) => length);
    const events = chunks.flatMap((chunk) => splitter.push(chunk).events);
    expect(dataOf(events)).toEqual(['1', `${'2'.repeat(10_000)}3`, '4']);
    expect(chunks.map(({ length }) => length)).toEqual([lengths[0], ownsChunks ? 0 : lengths[1], lengths[2]]);
  });

  it('says where an event may have an id', () => {
    const ids = ['id: 1', 'id', 'identity: x', 'data: id: 1', ': id: 1'];
    const { events } = split(cut(ids.map((field) => `${field}\n\n`).join(''), [1_000]));
    expect(events.map(({ hasId }) => hasId)).toEqual([true, true, true, false, false]);
  });

  it('is given up where an event is too large, after those before it', () => {
    const large = 'x'.repeat(MAX_EVENT_BYTES / 2 + 1);
    const { events, problems } = split([
      Buffer.from('data: 1\n\ndata: '),
      Buffer.from(large),
      Buffer.from(large),
    ]);
    expect(dataOf(events)).toEqual(['1']);
    expect(problems).toEqual(['too_large']);
  });
});
