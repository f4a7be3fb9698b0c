// How often callers may call: in all, before anything of a body is read, and each tool.
import { afterEach, describe, expect, it } from '@jest/globals';
import net from 'node:net';
import type { PolicyContent } from '#policy/document.ts';
import type { Clock } from '#runtime/process/clock.ts';
import { USER_1, USER_2, policyContent } from './harness/policy.ts';
import { rawRequest, reasonOf, statusOf } from './harness/raw.ts';
import { World } from './harness/world.ts';

const MINUTE_MS = 60_000;

let world: World;
let aheadMs = 0;
afterEach(() => world.close());

const clock: Clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() + aheadMs };

const start = (options: Parameters<typeof World.start>[0]): Promise<World> =>
  World.start({ ...options, clock });

/** The policy with a rate for one tool. */
const ratedTool = (name: string, mode: 'allow-list' | 'observe' = 'allow-list'): Partial<PolicyContent> => {
  const content = policyContent();
  const rate = { perMinute: 1, burst: 2 };
  return {
    requires: ['rates'],
    policy: { ...content.policy, mode },
    tools: content.tools.map((tool) => (tool.name === name ? { ...tool, rate } : tool)),
  };
};

const ratedSubject = (mode: 'allow-list' | 'observe' = 'allow-list'): Partial<PolicyContent> => ({
  requires: ['rates'],
  policy: { ...policyContent().policy, mode },
  limits: { subjectRate: { perMinute: 1, burst: 2 } },
});

const reasonsOf = async (count: number) =>
  (await world.audit(count)).map(({ decision, reason, status }) => `${decision} ${reason} ${status}`);

describe('the rate of a caller', () => {
  it('is kept by 429 and the time to come back, and others are not kept from calling', async () => {
    world = await start({ policy: ratedSubject() });
    for (const tool of ['read_note', 'list_notes']) expect((await world.call(tool)).status).toBe(200);
    const third = await world.call('read_note');
    expect(third).toMatchObject({
      status: 429,
      json: {
        id: null,
        error: {
          code: -32030,
          message: expect.stringMatching(/^The caller sends more requests .*\.$/),
          data: { reason: 'subject_rate_exceeded', httpStatus: 429 },
        },
      },
    });
    const retryAfterMs = Number(third.json.error?.data?.['retryAfterMs']);
    expect(retryAfterMs).toBeGreaterThan(MINUTE_MS - 10_000);
    expect(third.headers['retry-after']).toBe(String(Math.ceil(retryAfterMs / 1000)));
    expect((await world.call('delete_note', USER_2)).json.result).toBeDefined();
    aheadMs += MINUTE_MS;
    expect((await world.call('read_note')).json.result).toBeDefined();
    expect(await reasonsOf(6)).toContain('deny subject_rate_exceeded 429');
    expect((await world.page('/metrics')).text).toMatch(
      /decision="deny",reason="subject_rate_exceeded"[^}]*} 1/,
    );
  });

  it('is that of the proxy where the policy has none', async () => {
    world = await start({ env: { SUBJECT_RATE_PER_MINUTE: '1', SUBJECT_RATE_BURST: '1' } });
    expect((await world.call('read_note')).status).toBe(200);
    expect((await world.call('read_note')).status).toBe(429);
    await world.setPolicy({ limits: { subjectRate: { perMinute: 60_000, burst: 100 } } });
    aheadMs += 1_000;
    for (let count = 0; count < 5; count += 1) expect((await world.call('read_note')).status).toBe(200);
  });

  it('is kept before a body is asked for', async () => {
    world = await start({ policy: { limits: { subjectRate: { perMinute: 1, burst: 1 } } } });
    expect((await world.call('read_note', { 'x-mcp-human-id': 'user-1' })).status).toBe(200);
    const head = { without: ['Content-Length'], headers: ['Content-Length: 100000', 'Expect: 100-continue'] };
    const socket = net.connect(world.proxy.port, '127.0.0.1');
    socket.write(rawRequest({ ...head, body: '' }));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString('latin1')));
    await world.until(() => reasonOf(answer) !== undefined);
    socket.destroy();
    expect([statusOf(answer), reasonOf(answer)]).toEqual([429, 'subject_rate_exceeded']);
  });

  it('is only recorded where policy is only observed, while that of the proxy holds', async () => {
    world = await start({ policy: ratedSubject('observe') });
    for (let count = 0; count < 3; count += 1)
      expect((await world.call('read_note')).json.result).toBeDefined();
    expect(await reasonsOf(3)).toEqual([
      'allow allowed 200',
      'allow allowed 200',
      'would_deny subject_rate_exceeded 200',
    ]);
    await world.close();
    world = await start({
      policy: { policy: { ...policyContent().policy, mode: 'observe' } },
      env: { SUBJECT_RATE_PER_MINUTE: '1', SUBJECT_RATE_BURST: '1' },
    });
    expect((await world.call('read_note')).status).toBe(200);
    expect((await world.call('read_note')).status).toBe(429);
  });
});

describe('the rate of a tool', () => {
  it('is kept by an error of the protocol with the time to come back, for each caller and tool alone', async () => {
    world = await start({ policy: ratedTool('delete_note') });
    for (let count = 0; count < 2; count += 1) {
      expect((await world.call('delete_note')).json.result).toBeDefined();
    }
    const third = await world.call('delete_note');
    expect(third).toMatchObject({
      status: 200,
      json: {
        id: 1,
        error: { code: -32030, data: { reason: 'tool_rate_exceeded', httpStatus: 429 } },
      },
    });
    expect(third.headers).not.toHaveProperty('retry-after');
    const retryAfterMs = Number(third.json.error?.data?.['retryAfterMs']);
    expect(retryAfterMs).toBeGreaterThan(MINUTE_MS - 10_000);
    expect(retryAfterMs).toBeLessThanOrEqual(MINUTE_MS);
    expect((await world.call('read_note')).json.result).toBeDefined();
    expect((await world.call('delete_note', USER_2)).json.result).toBeDefined();
    expect(world.received).toHaveLength(4);
    aheadMs += MINUTE_MS;
    expect((await world.call('delete_note')).json.result).toBeDefined();
  });

  it('tells nothing of a tool that the caller may not call', async () => {
    world = await start({ policy: ratedTool('secret') });
    for (let count = 0; count < 4; count += 1) {
      expect((await world.call('secret')).json.error?.data?.reason).toBe('unknown_tool');
    }
  });

  it('is not used up by what policy denies', async () => {
    world = await start({ policy: ratedTool('read_note') });
    const revoked = { ...USER_1, 'x-mcp-agent-session': 'revoked' };
    for (let count = 0; count < 4; count += 1) {
      expect((await world.call('read_note', revoked)).json.error?.data?.reason).toBe('session_revoked');
    }
    expect((await world.call('read_note')).json.result).toBeDefined();
  });

  it('is only recorded where policy is only observed', async () => {
    world = await start({ policy: ratedTool('read_note', 'observe') });
    for (let count = 0; count < 3; count += 1)
      expect((await world.call('read_note')).json.result).toBeDefined();
    expect((await reasonsOf(3))[2]).toBe('would_deny tool_rate_exceeded 200');
  });
});
