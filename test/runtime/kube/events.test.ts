import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventRecorder, EVENTS, type EventText } from '#runtime/kube/events.ts';
import { KubeClient } from '#runtime/kube/kube-client.ts';
import { FakeApiServer } from './fake-api-server.ts';
import { configMap, KeptLog } from './things.ts';

const THING = {
  ...configMap('files'),
  metadata: { ...configMap('files').metadata, uid: 'u-1', resourceVersion: '7' },
};
const EVENT: EventText = {
  type: 'Warning',
  reason: 'ImageMissing',
  action: 'Deploy',
  note: 'There is no such image.',
};

describe('the event recorder', () => {
  let server: FakeApiServer;
  let kube: KubeClient;
  let nowMs = Date.UTC(2026, 0, 1);
  const log = new KeptLog();

  beforeEach(async () => {
    log.lines.length = 0;
    server = await FakeApiServer.start([EVENTS]);
    kube = new KubeClient(server.connection);
  });
  afterEach(async () => {
    await kube.close();
    await server.close();
  });

  function recorder(): EventRecorder {
    const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
    return new EventRecorder({
      kube,
      controller: 'example.org/operator',
      instance: 'operator-0',
      log,
      clock,
    });
  }

  it('writes an event beside the object that it is of', async () => {
    const events = recorder();
    events.record(THING, EVENT);
    await events.idle();
    expect(server.objects(EVENTS)).toEqual([
      expect.objectContaining({
        ...EVENT,
        metadata: expect.objectContaining({
          namespace: 'team',
          name: expect.stringMatching(/^files\.[0-9a-f-]+$/),
        }),
        eventTime: '2026-01-01T00:00:00.000000Z',
        reportingController: 'example.org/operator',
        reportingInstance: 'operator-0',
        regarding: {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          namespace: 'team',
          name: 'files',
          uid: 'u-1',
          resourceVersion: '7',
        },
      }),
    ]);
  });

  it('counts the same event in the first one, for ten minutes after the last', async () => {
    const events = recorder();
    for (let n = 0; n < 3; n += 1) {
      events.record(THING, EVENT);
      nowMs += 590_000;
    }
    await events.idle();
    expect(server.objects(EVENTS)).toHaveLength(1);
    expect(server.objects(EVENTS)[0]?.series).toEqual({
      count: 3,
      lastObservedTime: '2026-01-01T00:19:40.000000Z',
    });
    events.record(THING, { ...EVENT, note: 'Another.' });
    await events.idle();
    expect(server.objects(EVENTS)).toHaveLength(2);
    nowMs += 600_001;
    events.record(THING, EVENT);
    await events.idle();
    expect(server.objects(EVENTS)).toHaveLength(3);
  });

  it('begins anew where the server has forgotten the first event', async () => {
    const events = recorder();
    events.record(THING, EVENT);
    await events.idle();
    for (const { metadata } of server.objects(EVENTS)) server.remove(EVENTS, metadata);
    events.record(THING, EVENT);
    await events.idle();
    expect(server.objects(EVENTS)).toHaveLength(1);
  });

  it('sends only so many of one object, and others still get theirs', async () => {
    const events = recorder();
    for (let n = 0; n < 40; n += 1) events.record(THING, { ...EVENT, note: `Number ${n}.` });
    const other = configMap('other');
    events.record(other, EVENT);
    await events.idle();
    expect(server.objects(EVENTS)).toHaveLength(26);
    expect(events.dropped).toBe(15);
    nowMs += 60_000;
    events.record(THING, { ...EVENT, note: 'Later.' });
    await events.idle();
    expect(server.objects(EVENTS)).toHaveLength(27);
  });

  it('cuts a note at what the server takes, without breaking a character', async () => {
    const events = recorder();
    events.record(THING, { ...EVENT, note: 'é'.repeat(1_000) });
    events.record(THING, { ...EVENT, note: `x${'é'.repeat(1_000)}` });
    await events.idle();
    const notes = server.objects(EVENTS).map(({ note }) => String(note));
    expect(notes).toHaveLength(2);
    for (const note of notes) {
      expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1_024);
      expect(note).toMatch(/^x?é{500,}…$/);
    }
  });

  it('never troubles whoever records', async () => {
    server.fault = () => ({ status: 403 });
    const events = recorder();
    events.record(THING, EVENT);
    await events.idle();
    expect(log.lines.map(({ level }) => level)).toEqual(['debug']);
  });
});
