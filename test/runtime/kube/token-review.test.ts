import { beforeEach, describe, expect, it } from '@jest/globals';
import { recordOf, type JsonRecord } from '#runtime/kube/json.ts';
import { KubeError } from '#runtime/kube/kube.ts';
import { TokenReviews, type Review, type TokenReviewsOptions } from '#runtime/kube/token-review.ts';

const AUDIENCE = 'mcp-runtime-policy';
const POD_EXTRA = {
  'authentication.kubernetes.io/pod-name': ['notes-1'],
  'authentication.kubernetes.io/pod-uid': ['uid-1'],
};

const user = (changes: JsonRecord = {}) => ({
  username: 'system:serviceaccount:team-a:notes',
  extra: POD_EXTRA,
  ...changes,
});

/** As a token looks, as far as anybody reads it. */
const tokenUntil = (seconds: number) =>
  `head.${Buffer.from(JSON.stringify({ exp: seconds })).toString('base64url')}.signature`;

describe('reviews of tokens', () => {
  let asked: JsonRecord[];
  let status: JsonRecord;
  let failure: Error | undefined;
  let nowMs: number;

  beforeEach(() => {
    asked = [];
    failure = undefined;
    nowMs = 1_000_000;
    status = { authenticated: true, audiences: [AUDIENCE], user: user() };
  });

  function reviews(options: Partial<TokenReviewsOptions> = {}): TokenReviews {
    const kube = {
      ask: async (_type: unknown, object: JsonRecord) => {
        asked.push(object);
        await Promise.resolve();
        if (failure !== undefined) throw failure;
        return { kind: 'TokenReview', status };
      },
    };
    const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
    return new TokenReviews({ kube, clock, ...options });
  }

  const review = (token = 'some-token'): Promise<Review> => reviews().review(token, AUDIENCE);

  it('say whose token it is, which pod it is bound to and when it ends', async () => {
    expect(await review(tokenUntil(5_000))).toEqual({
      ok: true,
      identity: {
        namespace: 'team-a',
        name: 'notes',
        pod: { name: 'notes-1', uid: 'uid-1' },
        expiresAtMs: 5_000_000,
      },
    });
  });

  it('ask for the one audience', async () => {
    await review();
    expect(asked.map(({ spec }) => spec)).toEqual([{ token: 'some-token', audiences: [AUDIENCE] }]);
  });

  it('know no pod where the token is bound to none, and no end where it says none', async () => {
    status = { ...status, user: user({ extra: undefined }) };
    expect(await review()).toEqual({ ok: true, identity: { namespace: 'team-a', name: 'notes' } });
  });

  it.each<[string, JsonRecord, string]>([
    ['is not taken', { authenticated: false, error: 'expired' }, 'rejected'],
    ['says nothing', {}, 'rejected'],
    ['is for another audience', { authenticated: true, audiences: ['api'], user: user() }, 'wrong_audience'],
    ['names no audience', { authenticated: true, user: user() }, 'wrong_audience'],
    [
      'is of a person',
      { authenticated: true, audiences: [AUDIENCE], user: user({ username: 'alice' }) },
      'no_service_account',
    ],
  ])('refuse a token whose answer %s', async (_what, answer, reason) => {
    status = answer;
    expect(await review()).toMatchObject({ ok: false, reason });
  });

  it.each(['', 'x'.repeat(20_000)])('ask nobody about what is no token', async (token) => {
    expect(await review(token)).toMatchObject({ ok: false, reason: 'rejected' });
    expect(asked).toEqual([]);
  });

  it('ask once for many who ask at once, and again when the answer is old', async () => {
    const made = reviews();
    await Promise.all([1, 2, 3].map(() => made.review('a', AUDIENCE)));
    nowMs += 59_000;
    await made.review('a', AUDIENCE);
    expect(asked).toHaveLength(1);
    nowMs += 2_000;
    await made.review('a', AUDIENCE);
    expect(asked).toHaveLength(2);
  });

  it('take an answer for one audience for no answer about another', async () => {
    const made = reviews();
    await made.review('a', AUDIENCE);
    expect(await made.review('a', 'mcp-runtime-ingest')).toMatchObject({
      ok: false,
      reason: 'wrong_audience',
    });
    expect(asked).toHaveLength(2);
  });

  it('take no token for good past its end', async () => {
    const made = reviews();
    const token = tokenUntil((nowMs + 10_000) / 1000);
    await made.review(token, AUDIENCE);
    nowMs += 10_001;
    status = { authenticated: false };
    expect(await made.review(token, AUDIENCE)).toMatchObject({ ok: false, reason: 'rejected' });
  });

  it('soon ask again about a token that was rejected', async () => {
    const made = reviews();
    status = { authenticated: false };
    await made.review('a', AUDIENCE);
    nowMs += 5_001;
    status = { authenticated: true, audiences: [AUDIENCE], user: user() };
    expect(await made.review('a', AUDIENCE)).toMatchObject({ ok: true });
  });

  it('go on with what they know while the API server is away, and then say that it is', async () => {
    const made = reviews();
    await made.review('a', AUDIENCE);
    failure = new KubeError('create TokenReview: some-token', { code: 'unavailable' });
    expect(await made.review('a', AUDIENCE)).toMatchObject({ ok: true });
    const unknown = await made.review('some-token', AUDIENCE);
    expect(unknown).toMatchObject({ ok: false, reason: 'unavailable' });
    expect(JSON.stringify(unknown)).not.toContain('some-token');
    failure = undefined;
    expect(await made.review('some-token', AUDIENCE)).toMatchObject({ ok: true });
  });

  it('remember only so many', async () => {
    const made = reviews({ max: 2 });
    for (const token of ['a', 'b', 'c', 'c', 'b', 'a']) await made.review(token, AUDIENCE);
    expect(asked.map(({ spec }) => recordOf(spec).token)).toEqual(['a', 'b', 'c', 'a']);
  });

  it('let go of a caller that has gone, and of nobody else', async () => {
    const made = reviews();
    const gone = new AbortController();
    const first = made.review('a', AUDIENCE, gone.signal);
    const second = made.review('a', AUDIENCE);
    gone.abort(new Error('gone'));
    await expect(first).rejects.toThrow('gone');
    expect(await second).toMatchObject({ ok: true });
  });

  it('count what was asked', async () => {
    const outcomes: string[] = [];
    const made = reviews({ onReview: (outcome) => outcomes.push(outcome) });
    await made.review('a', AUDIENCE);
    await made.review('a', AUDIENCE);
    status = {};
    await made.review('b', AUDIENCE);
    expect(outcomes).toEqual(['ok', 'rejected']);
  });
});
