import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { AcknowledgementBook } from '#runtime/distributor/acknowledge/acknowledgement-book.ts';
import { AcknowledgementStream } from '#runtime/distributor/acknowledge/acknowledgement-stream.ts';
import { aDocument, FakeWire, markOf, NOTES } from './build.ts';

const OTHER = { namespace: 'team-a', name: 'other' };
const [first, second] = [markOf(aDocument('alice')), markOf(aDocument('bob'))];

describe('what proxies said, told to the operator', () => {
  let book: AcknowledgementBook;
  let wire: FakeWire;
  let complete: boolean;
  const streams: AcknowledgementStream[] = [];

  beforeEach(() => {
    jest.useFakeTimers();
    book = new AcknowledgementBook();
    wire = new FakeWire();
    complete = true;
  });
  afterEach(() => {
    for (const stream of streams.splice(0)) stream.stop();
    jest.useRealTimers();
  });

  function open(): AcknowledgementStream {
    const stream = new AcknowledgementStream({ book, wire, isComplete: () => complete });
    streams.push(stream);
    return stream;
  }

  const told = (): unknown[] => wire.lines.map((line): unknown => JSON.parse(line));
  const SYNCED = { synced: true };

  it('is every server first, then that this is all, then what changes', () => {
    book.said(NOTES, 'a', { enforced: first, audit: { delayed: true } });
    open();
    expect(told()).toEqual([
      { server: NOTES, acknowledgements: [{ podUid: 'a', ...first, auditDelayed: true }] },
      SYNCED,
    ]);
    book.said(OTHER, 'b', { enforced: second });
    book.tried(OTHER, 'b', true);
    jest.advanceTimersByTime(60);
    expect(told().slice(2)).toEqual([
      { server: OTHER, acknowledgements: [{ podUid: 'b', ...second, reachablePastProxy: true }] },
    ]);
  });

  it('gathers what changes at a time', () => {
    open();
    for (let pod = 0; pod < 100; pod += 1) book.said(NOTES, `pod-${pod}`, { enforced: first });
    jest.advanceTimersByTime(60);
    expect(told()).toHaveLength(2);
    expect(told()[1]).toMatchObject({ acknowledgements: { length: 100 } });
  });

  it('is empty for a server whose last proxy is gone', () => {
    book.said(NOTES, 'a', { enforced: first });
    open();
    book.forget(NOTES, 'a');
    jest.advanceTimersByTime(60);
    expect(told().at(-1)).toEqual({ server: NOTES, acknowledgements: [] });
  });

  it('is not said to be all before everybody had the time to speak', () => {
    complete = false;
    book.said(NOTES, 'a', { enforced: first });
    open();
    jest.advanceTimersByTime(1_000);
    expect(told()).toHaveLength(1);
    complete = true;
    jest.advanceTimersByTime(300);
    expect(told().at(-1)).toEqual(SYNCED);
  });

  it('waits for a slow reader, and tells what is so by then', () => {
    const stream = open();
    wire.takes = false;
    book.said(NOTES, 'a', { enforced: first });
    jest.advanceTimersByTime(60);
    book.said(NOTES, 'a', { enforced: second });
    book.said(OTHER, 'b', { enforced: first });
    book.forget(OTHER, 'b');
    jest.advanceTimersByTime(60_000);
    expect(told()).toHaveLength(2);
    wire.takes = true;
    stream.drained();
    expect(told().slice(2)).toEqual([
      { server: NOTES, acknowledgements: [{ podUid: 'a', ...second }] },
      { server: OTHER, acknowledgements: [] },
    ]);
  });

  it('says something every ten seconds, and nothing once it is stopped', () => {
    const stream = open();
    jest.advanceTimersByTime(30_000);
    expect(wire.texts.filter((text) => text === '\n')).toHaveLength(3);
    stream.stop();
    book.said(NOTES, 'a', { enforced: first });
    jest.advanceTimersByTime(30_000);
    expect(wire.texts).toHaveLength(4);
  });

  it('remembers of a pod whether its server was reached, and forgets it with the pod', () => {
    book.tried(NOTES, 'a', false);
    expect(book.of('team-a/notes')).toBeUndefined();
    book.said(NOTES, 'a', { enforced: first });
    expect(book.of('team-a/notes')?.acknowledgements).toMatchObject([{ reachablePastProxy: false }]);
    book.forget(NOTES, 'a');
    book.said(NOTES, 'a', { enforced: first });
    expect(book.of('team-a/notes')?.acknowledgements[0]?.reachablePastProxy).toBeUndefined();
  });
});
