import { describe, expect, it } from '@jest/globals';
import { STREAM_LINE_BYTES } from '#api/distributor-api.ts';
import type { PolicyDocument } from '#policy/document.ts';
import { DOCUMENT_FORMS, formFor, type DocumentForm } from '#runtime/distributor/stream/document-forms.ts';
import { aDocument, aStream, hello, markOf, shortOf } from './build.ts';

const first = aDocument('alice');
const second = aDocument('bob', { grants: '200' });
const third = aDocument('carol', { grants: '300' });

const sent = (document: PolicyDocument) => `document ${shortOf(document)}`;
const current = (document: PolicyDocument) => `current ${shortOf(document)}`;

/** A stream whose proxy enforces what it was sent. */
function anAgreedStream(document = first) {
  const made = aStream();
  made.update(document);
  made.say(hello(), { enforced: markOf(document) });
  return made;
}

describe('the stream of a proxy', () => {
  it('says nothing before the proxy has said hello', () => {
    const { stream, wire, update } = aStream();
    update(first);
    expect(wire.told).toEqual([]);
    expect(stream.isOpen).toBe(false);
  });

  it('begins with the document, whole', () => {
    const { wire, say, update } = aStream();
    update(first);
    say(hello());
    expect(wire.told).toEqual([{ document: first }]);
  });

  it('only confirms what the proxy enforces already', () => {
    const { wire, say, update } = aStream();
    update(second);
    say(hello(markOf(second)));
    expect(wire.told).toEqual([{ current: markOf(second) }]);
  });

  it('sends what is new, and nothing again for a newer view of the same', () => {
    const { wire, say, update } = anAgreedStream();
    update(aDocument('alice', { sessions: '150' }));
    update(second);
    say({ enforced: markOf(second) });
    update(aDocument('bob', { grants: '250' }));
    expect(wire.short).toEqual([sent(first), sent(second)]);
  });

  it('waits for a proxy that has not answered yet, rather than send twice', () => {
    const { stream, wire, say, update } = aStream();
    update(first);
    say(hello());
    update(aDocument('alice', { sessions: '150' }));
    stream.beat(true);
    expect(wire.short).toEqual([sent(first)]);
    expect(wire.texts.at(-1)).toBe('\n');
  });

  it('sends a policy again that was left and came back', () => {
    const { wire, update } = anAgreedStream();
    update(second);
    const again = aDocument('alice', { grants: '300' });
    update(again);
    expect(wire.short).toEqual([sent(first), sent(second), sent(again)]);
  });

  it('confirms at each beat what is enforced, and only while the view of the cluster is fresh', () => {
    const { stream, wire } = anAgreedStream();
    stream.beat(true);
    stream.beat(false);
    expect(wire.short).toEqual([sent(first), current(first)]);
    expect(wire.texts.at(-1)).toBe('\n');
  });

  it('sends nothing for a server without a policy, but a beat', () => {
    const { stream, wire, say } = aStream();
    say(hello());
    stream.beat(true);
    expect(wire.texts).toEqual(['\n']);
  });
});

describe('a proxy that has seen more', () => {
  it('is sent no older document: what it has seen more of is read again first', () => {
    const { stream, wire, asked, say, update } = aStream();
    update(first);
    say(hello(markOf(second)));
    expect(wire.told).toEqual([]);
    expect(asked).toEqual(['grants']);
    update(second);
    stream.beat(true);
    expect(wire.short).toEqual([current(second)]);
  });

  it('is asked about as well where it enforces the same policy: the next one must not be late', () => {
    const { wire, asked, say, update } = aStream();
    update(first);
    say(hello(markOf(aDocument('alice', { tombstones: '900' }))));
    expect(wire.short).toEqual([current(first)]);
    expect(asked).toEqual(['tombstones']);
  });

  it('gets a document again that it refused, once it is made from a newer view, and not before', () => {
    const { wire, asked, say, update } = anAgreedStream();
    update(second);
    say({ refused: { revision: second.revision, message: 'older', behind: ['tombstones'] } });
    update(second);
    expect(asked).toEqual(['tombstones']);
    expect(wire.short).toEqual([sent(first), sent(second)]);
    const newer = aDocument('bob', { grants: '200', tombstones: '400' });
    update(newer);
    expect(wire.short).toEqual([sent(first), sent(second), sent(newer)]);
    expect(wire.told.at(-1)).toEqual({ document: newer });
  });

  it('is not sent what it has by way of another distributor', () => {
    const { wire, say, update } = anAgreedStream();
    say({ enforced: markOf(second) });
    update(second);
    expect(wire.short).toEqual([sent(first)]);
    update(third);
    expect(wire.short).toEqual([sent(first), sent(third)]);
  });

  it('is believed only so long: nobody can make the caches be read for ever', () => {
    const { asked, say, update } = aStream();
    update(first);
    say(hello(markOf(aDocument('bob', { grants: '99999999999999999999' }))));
    for (let view = 101; view < 150; view += 1) update(aDocument('alice', { sessions: String(view) }));
    expect(asked).toHaveLength(5);
    say({ enforced: markOf(second) });
    expect(asked).toHaveLength(6);
  });

  it('is overruled by a higher epoch, as after the cluster was restored', () => {
    const { wire, say, update } = aStream();
    const restored = aDocument('alice', { grants: '7' }, 1);
    update(restored);
    say(hello(markOf(second)));
    expect(wire.told).toEqual([{ document: restored }]);
  });

  it('gets the same policy again in a higher epoch', () => {
    const { wire, say, update } = aStream();
    const restored = aDocument('alice', {}, 1);
    update(restored);
    say(hello(markOf(first)));
    expect(wire.told).toEqual([{ document: restored }]);
  });
});

describe('a proxy that can not use a document', () => {
  it('is not sent it again, until there is another', () => {
    const { wire, refused, say, update } = anAgreedStream();
    update(second);
    say({ refused: { revision: second.revision, message: 'it requires more' } });
    for (const view of ['201', '202']) update(aDocument('bob', { grants: '200', sessions: view }));
    expect(refused).toEqual(['it requires more']);
    update(third);
    expect(wire.short).toEqual([sent(first), sent(second), sent(third)]);
  });
});

describe('a proxy that is slow', () => {
  it('gets the newest document when it is ready for one, and none of those in between', () => {
    const { stream, wire, say, update } = aStream();
    wire.takes = false;
    update(first);
    say(hello());
    update(second);
    update(third);
    stream.beat(true);
    expect(wire.short).toEqual([sent(first)]);
    expect(stream.congestedSinceMs).toBe(0);
    wire.takes = true;
    stream.drained();
    expect(wire.short).toEqual([sent(first), sent(third)]);
    expect(stream.congestedSinceMs).toBeUndefined();
  });
});

describe('the word of a proxy', () => {
  it('is what it enforces and how its audit goes', () => {
    const { words, say } = anAgreedStream();
    say({ audit: { delayed: true } }, { audit: { delayed: true } });
    expect(words).toEqual([
      { enforced: markOf(first) },
      { enforced: markOf(first), audit: { delayed: true } },
    ]);
  });

  it('is none before it enforces something', () => {
    const { words, stream, say } = aStream();
    say(hello(), { audit: { delayed: false } });
    expect(words).toEqual([]);
    expect(stream.word).toBeUndefined();
  });
});

describe('a proxy that does not speak as agreed', () => {
  it.each(['no json', '{}', '{"enforced":{"revision":"x"}}', JSON.stringify({ audit: { delayed: false } })])(
    'is shown the door where it does not begin with a hello (%s)',
    (line) => {
      const { stream, wire, update } = aStream();
      update(first);
      stream.hear(line);
      expect(wire.short).toEqual(['end misbehaved']);
      expect(wire.state).toBe('ended');
      stream.hear(JSON.stringify(hello()));
      expect(wire.told).toHaveLength(1);
    },
  );

  it('may say more than is known here, later', () => {
    const { wire, stream } = anAgreedStream();
    stream.hear('{"weather":"fine"}');
    stream.hear('');
    expect(wire.state).toBe('open');
  });

  it('is shown the door where it never stops talking', () => {
    const { wire, say } = anAgreedStream();
    for (let line = 0; line < 1_000; line += 1) say({ audit: { delayed: line % 2 === 0 } });
    expect(wire.short.at(-1)).toBe('end misbehaved');
  });

  it('has a bound on its lines that holds the largest hello', () => {
    const largest = hello(
      markOf(first),
      Array.from({ length: 16 }, () => 'x'.repeat(100)),
    );
    expect(JSON.stringify(largest).length).toBeLessThan(STREAM_LINE_BYTES / 10);
  });
});

describe('a proxy of an earlier version', () => {
  /** Made-up schemas, as the two before the newest would be. */
  const older = (schema: string): DocumentForm => ({
    schema,
    toOlder: ({ revision, inputs, epoch }) => ({
      schema,
      revision: `sha256:${revision.slice('sha256:'.length).split('').toReversed().join('')}`,
      inputs,
      epoch,
    }),
  });
  const forms = [...DOCUMENT_FORMS, older('mcpruntime.org/policy.v0'), older('mcpruntime.org/policy.v0beta')];

  it('gets the newest schema that it reads', () => {
    expect(formFor(['mcpruntime.org/policy.v0beta', 'mcpruntime.org/policy.v0'], forms)).toBe(forms[1]);
    expect(formFor(['mcpruntime.org/policy.v9', 'mcpruntime.org/policy.v1'], forms)).toBe(forms[0]);
    expect(formFor(['mcpruntime.org/policy.v9'], forms)).toBeUndefined();
  });

  it('is answered in its schema, and its word is told in the newest', () => {
    const { stream, wire, words, say, update } = aStream({ forms });
    update(first);
    say(hello(undefined, ['mcpruntime.org/policy.v0']));
    const rendered = forms[1]?.toOlder?.(first);
    expect(wire.told).toEqual([{ document: rendered }]);
    const { revision = '' } = rendered ?? {};
    say({ enforced: { ...markOf(first), revision } });
    expect(words).toEqual([{ enforced: markOf(first) }]);
    expect(stream.isBehind).toBe(false);
    stream.beat(true);
    expect(wire.told.at(-1)).toEqual({ current: { ...markOf(first), revision } });
  });

  it('is told that it reads nothing of what is served', () => {
    const { wire, say } = aStream({ forms });
    say(hello(undefined, ['mcpruntime.org/policy.v0alpha']));
    expect(wire.short).toEqual(['end schema_unknown']);
  });
});
