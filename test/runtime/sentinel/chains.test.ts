// Chains as the sentinel follows them through what it stored: whole ones, and each way in which one can be broken.
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { chainList, SENTINEL_PATHS } from '#api/sentinel-api.ts';
import { Proxy } from './chained-events.ts';
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

const eventsOf = (name: string) => new Proxy(name).next(5);

it('tells what is missing and what was altered, from the first event of a proxy on', async () => {
  const [first, ...rest] = eventsOf('begun-elsewhere');
  const [a, b, c, ...later] = eventsOf('altered');
  if (first === undefined || a === undefined || b === undefined || c === undefined)
    throw new Error('no events');
  for (const events of [
    eventsOf('whole'),
    [{ ...first, prev_hash: 'f'.repeat(64) }, ...rest],
    [a, { ...b, payload: { ...b.payload, human_id: 'somebody-else' } }, c, ...later],
    eventsOf('with-a-gap').filter(({ seq }) => seq !== 3),
    // Those before have expired.
    eventsOf('older').slice(2),
  ])
    expect(await sentinel.post(events)).toMatchObject({ status: 202 });
  await sentinel.settled();
  const { events, chains, problems } = await sentinel.get(chainList, SENTINEL_PATHS.chains);
  expect([events, chains]).toEqual([22, 5]);
  const found = problems.map((problem) => problem.slice(problem.indexOf('proxy ')));
  expect(found.toSorted()).toEqual([
    'proxy altered, start 1: 1 do not follow from the one before, the first is number 3',
    // Its first event, and the second, which was made to follow the true one.
    'proxy begun-elsewhere, start 1: 2 do not follow from the one before, the first is number 1',
    'proxy with-a-gap, start 1: 1 events are missing',
  ]);
}, 120_000);
