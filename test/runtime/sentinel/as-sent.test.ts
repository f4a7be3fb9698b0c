// The hash of an event is over the text that its proxy sent, so whoever checks a chain has to be given that text.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { SENTINEL_PATHS } from '#api/sentinel-api.ts';
import { eventOf } from './events.ts';
import { endOf, SentinelHome, SentinelProcess } from './sentinel-process.ts';

let home: SentinelHome;
let sentinel: SentinelProcess;

beforeEach(async () => {
  home = await SentinelHome.make();
  sentinel = await SentinelProcess.start(home);
});

afterEach(async () => {
  await endOf(sentinel.child, 'SIGKILL');
  await home.remove();
});

it('returns events with their members in the order in which they were sent', async () => {
  const { id, payload, ...envelope } = eventOf({ id: 'turned' });
  const { kind, server, ...others } = payload;
  const turned = { payload: { server, ...others, kind }, ...envelope, id };
  expect(await sentinel.post(turned)).toMatchObject({ status: 202 });
  await sentinel.settled();
  const answer = await fetch(sentinel.apiUrl + SENTINEL_PATHS.events);
  expect(await answer.text()).toContain(JSON.stringify(turned));
}, 120_000);
