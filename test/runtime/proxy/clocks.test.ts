// Clocks that differ by minutes, of the proxy and of whoever makes certificates and sessions. A node has one clock for all
// its pods, so this is tested here: with a clock as an argument, and with certificates made in the proxy's future.
import { afterEach, describe, expect, it } from '@jest/globals';
import type { Clock } from '#runtime/process/clock.ts';
import { makeAuthority } from '#runtime/operator/trust/certificates.ts';
import { FakeDistributor, IdentityFolder, SERVER_NAME, testToken } from './harness/distributor.ts';
import { USER_1 } from './harness/policy.ts';
import { World } from './harness/world.ts';

const MINUTES = 60_000;
const HOUR = 60 * MINUTES;

let world: World;
afterEach(() => world.close());

const clockOff = (ms: number): Clock => ({
  nowMs: () => Date.now() + ms,
  monotonicMs: () => performance.now(),
});

/** What becomes of a call with a session that ends so much later than now. */
async function callWithSessionOf(leftMs: number, offMs: number): Promise<string> {
  const expiresAt = new Date(Date.now() + leftMs).toISOString();
  const consent = { namespace: 'team-a', name: 'brief', subject: { human: 'user-1' }, expiresAt };
  world = await World.start({
    clock: clockOff(offMs),
    policy: { sessions: [{ ...consent, consentedTrust: 'high', revoked: false }] },
  });
  const { json } = await world.call('read_note', { ...USER_1, 'x-mcp-agent-session': 'brief' });
  return json.error?.data?.reason ?? 'allowed';
}

describe('a proxy whose clock is five minutes off', () => {
  it.each([
    ['behind', -5 * MINUTES],
    ['ahead', 5 * MINUTES],
  ])('takes policy from distributors, when it is %s', async (_which, offMs) => {
    // A clock that is behind sees a certificate of this moment as one of the future.
    const lifetime = { nowMs: Date.now() - offMs, validMs: HOUR };
    const authority = await makeAuthority('test', lifetime);
    const server = await FakeDistributor.start({ authority, lifetime });
    const identity = new IdentityFolder().write({ ca: authority.certificate, token: testToken('pod') });
    try {
      world = await World.start({
        clock: clockOff(offMs),
        env: {
          POLICY_STREAM_URL: server.url,
          POLICY_STREAM_SERVER_NAME: SERVER_NAME,
          IDENTITY_DIR: identity.folder,
        },
      });
      await world.until(() => server.streams.some(({ isOpen }) => isOpen));
      expect((await world.call('read_note')).json.result).toBeDefined();
    } finally {
      await world.close();
      await server.close();
      identity.remove();
    }
  });

  it.each([
    ['behind', 6, 'allowed', -5],
    ['ahead', 6, 'allowed', 5],
    ['behind', -6, 'session_expired', -5],
    ['ahead', -6, 'session_expired', 5],
  ])(
    'is wrong about sessions by no more than that: %s, to one with %d minutes left it says %s',
    async (_which, leftMinutes, wanted, offMinutes) => {
      expect(await callWithSessionOf(leftMinutes * MINUTES, offMinutes * MINUTES)).toBe(wanted);
    },
  );

  it('does not take the policy it has for stale: that is counted, not read off a clock', async () => {
    world = await World.start({
      clock: clockOff(5 * MINUTES),
      policy: {
        policy: { mode: 'allow-list', defaultDecision: 'deny', version: 'v1', maxStalenessSeconds: 60 },
      },
    });
    expect((await world.call('read_note')).json.result).toBeDefined();
  });
});
