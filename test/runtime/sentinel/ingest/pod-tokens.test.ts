// Clients of ingest that come with the token of their pod, against an API server in memory.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KubeClient } from '#runtime/kube/kube-client.ts';
import { Reflector } from '#runtime/kube/reflector.ts';
import { TOKEN_REVIEW, TokenReviews } from '#runtime/kube/token-review.ts';
import { POD, SERVER } from '#runtime/policy-book/kinds.ts';
import { silentLog } from '#runtime/process/log.ts';
import { PodTokens } from '#runtime/sentinel/ingest/pod-tokens.ts';
import { FakeApiServer, type Fault, type FakeRequest } from '../../kube/fake-api-server.ts';
import { until } from '../../kube/things.ts';
import { podObject, reviewOf, serverObject } from '../cluster-objects.ts';

let fake: FakeApiServer;
let kube: KubeClient;
let servers: Reflector;
let tokens: PodTokens;
let stop: AbortController;
let monotonicMs: number;
/** What is answered to a token review; by default a token of the pod `notes-1`. */
let review: (request: FakeRequest) => Fault;

const clock = { nowMs: () => monotonicMs, monotonicMs: () => monotonicMs };
const asked = (what: string) => fake.requests.filter(({ path }) => path.includes(what)).length;
const isReview = ({ path }: FakeRequest) => path.endsWith(TOKEN_REVIEW.resource);
const identity = { namespace: 'mcp-servers', server: 'notes' };

beforeEach(async () => {
  fake = await FakeApiServer.start([SERVER, POD]);
  fake.put(SERVER, serverObject());
  fake.put(POD, podObject());
  review = () => ({ status: 201, body: reviewOf() });
  fake.fault = (request) => (isReview(request) ? review(request) : undefined);
  monotonicMs = 1_000_000;
  stop = new AbortController();
  kube = new KubeClient(fake.connection, { timeoutMs: 1_000 });
  servers = new Reflector({ type: SERVER, source: kube, log: silentLog });
  tokens = new PodTokens({ reviews: new TokenReviews({ kube, clock }), kube, servers, clock });
  void servers.start(stop.signal);
  await servers.whenSynced();
});

afterEach(async () => {
  stop.abort();
  await kube.close();
  await fake.close();
});

describe('the token of a pod', () => {
  it('says which server its events are of, and is asked about once a minute', async () => {
    for (let times = 0; times < 3; times += 1) {
      expect(await tokens.recognise('token')).toEqual({ ok: true, identity });
    }
    expect(fake.requests.find(isReview)?.body).toMatchObject({
      spec: { token: 'token', audiences: ['mcp-runtime-ingest'] },
    });
    expect([asked('tokenreviews'), asked('pods/notes-1')]).toEqual([1, 1]);
    monotonicMs += 61_000;
    expect((await tokens.recognise('token')).ok).toBe(true);
    expect([asked('tokenreviews'), asked('pods/notes-1')]).toEqual([2, 2]);
  });

  it.each<[string, () => Fault, object]>([
    [
      'that the API server does not take',
      () => ({ status: 201, body: { status: { authenticated: false } } }),
      { status: 401, code: 'unauthorized' },
    ],
    [
      'that is for somebody else',
      () => ({ status: 201, body: reviewOf('notes', 'notes-1', 'mcp-runtime-policy') }),
      { status: 401, message: expect.stringContaining('mcp-runtime-ingest') },
    ],
    [
      'of another service account than the server runs as',
      () => ({ status: 201, body: reviewOf('default') }),
      { status: 403, message: expect.stringContaining('other_account') },
    ],
    [
      'of a pod that is gone',
      () => ({ status: 201, body: reviewOf('notes', 'notes-0') }),
      { status: 403, message: expect.stringContaining('pod_unknown') },
    ],
  ])('%s is refused with the reason', async (_what, answer, expected) => {
    review = answer;
    expect(await tokens.recognise('token')).toMatchObject({ ok: false, ...expected });
  });

  it('of a pod that only claims a server by its label is refused', async () => {
    fake.put(SERVER, serverObject('victim'));
    fake.put(POD, podObject('notes-1', 'victim'));
    await until(() => servers.get({ namespace: 'mcp-servers', name: 'victim' }) !== undefined);
    expect(await tokens.recognise('token')).toMatchObject({
      ok: false,
      status: 403,
      message: expect.stringContaining('other_account'),
    });
  });
});

describe('an API server that is away', () => {
  it.each<Fault>([{ status: 503 }, 'cut', { status: 429 }, { status: 403 }])(
    'with %j makes clients wait, never go',
    async (fault) => {
      review = () => fault;
      expect(await tokens.recognise('token')).toMatchObject({
        ok: false,
        status: 503,
        code: 'tokens_unavailable',
      });
      review = () => ({ status: 201, body: reviewOf() });
      fake.fault = (request) =>
        isReview(request) ? review(request) : request.path.includes('/pods/') ? fault : undefined;
      expect(await tokens.recognise('token')).toMatchObject({ ok: false, status: 503 });
      fake.fault = (request) => (isReview(request) ? review(request) : undefined);
      expect(await tokens.recognise('token')).toMatchObject({ ok: true });
    },
  );

  it('does not stop clients that were known a moment ago, for as long as that counts', async () => {
    await tokens.recognise('token');
    fake.fault = () => 'cut';
    monotonicMs += 59_000;
    expect(await tokens.recognise('token')).toMatchObject({ ok: true });
    monotonicMs += 2_000;
    expect(await tokens.recognise('token')).toMatchObject({ ok: false, status: 503 });
  });

  it('at the start makes clients wait until the servers are read', async () => {
    const unread = new Reflector({ type: SERVER, source: kube, log: silentLog });
    const reviews = new TokenReviews({ kube, clock });
    const early = new PodTokens({ reviews, kube, servers: unread, clock });
    expect(await early.recognise('token')).toMatchObject({ ok: false, status: 503 });
    expect(asked('tokenreviews')).toBe(0);
  });
});

describe('a server that is deleted', () => {
  it('gets the last events of its pods, for ten minutes', async () => {
    fake.remove(SERVER, { namespace: 'mcp-servers', name: 'notes' });
    await until(() => servers.size === 0);
    expect(await tokens.recognise('token')).toMatchObject({ ok: true, identity });
    monotonicMs += 11 * 60_000;
    expect(await tokens.recognise('token')).toMatchObject({
      ok: false,
      status: 403,
      message: expect.stringContaining('server_unknown'),
    });
  });
});

describe('many clients at once', () => {
  it('cost so many questions and no more; the others come again', async () => {
    review = () => 'hang';
    const all = Array.from({ length: 200 }, (_, at) => tokens.recognise(`token-${at}`));
    const answers = await Promise.all(all);
    expect(answers.filter((each) => !each.ok && each.status === 429)).toHaveLength(72);
    expect(answers.filter((each) => !each.ok && each.status === 503)).toHaveLength(128);
  });
});
