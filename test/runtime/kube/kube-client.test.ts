import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { KubeClient, type RequestObservation } from '#runtime/kube/kube-client.ts';
import { KubeError, type KubeErrorCode } from '#runtime/kube/kube.ts';
import { TOKEN_REVIEW } from '#runtime/kube/token-review.ts';
import { FakeApiServer, type Fault } from './fake-api-server.ts';
import { CONFIG_MAPS, configMap, DEPLOYMENTS, until } from './things.ts';

const A = { namespace: 'team', name: 'a' };

async function errorOf(work: Promise<unknown>): Promise<KubeError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof KubeError) return error;
  throw new Error(`expected a KubeError, got ${String(error)}`);
}

describe('the client of an API server', () => {
  let server: FakeApiServer;
  let kube: KubeClient;
  const seen: RequestObservation[] = [];

  beforeEach(async () => {
    seen.length = 0;
    server = await FakeApiServer.start([CONFIG_MAPS]);
    kube = new KubeClient(server.connection, {
      connections: 4,
      timeoutMs: 1_500,
      stallMs: 300,
      manager: 'tests',
      onRequest: (request) => seen.push(request),
    });
  });
  afterEach(async () => {
    await kube.close();
    await server.close();
  });

  it('creates, reads, replaces and deletes objects', async () => {
    const created = await kube.create(CONFIG_MAPS, configMap('a', { x: '1' }));
    expect(await kube.get(CONFIG_MAPS, A)).toEqual(created);
    const replaced = await kube.replace(CONFIG_MAPS, { ...created, data: { x: '2' } });
    expect(server.get(CONFIG_MAPS, A)).toEqual(replaced);
    expect(replaced.data).toEqual({ x: '2' });
    expect(await kube.delete(CONFIG_MAPS, A)).toBe(true);
    expect(await kube.get(CONFIG_MAPS, A)).toBeUndefined();
    expect(await kube.delete(CONFIG_MAPS, A)).toBe(false);
  });

  it('writes the status alone where only that is asked for', async () => {
    const created = await kube.create(CONFIG_MAPS, configMap('a', { x: '1' }));
    await kube.replaceStatus(CONFIG_MAPS, { ...created, data: { x: '2' }, status: { ready: true } });
    expect(server.get(CONFIG_MAPS, A)).toMatchObject({ data: { x: '1' }, status: { ready: true } });
  });

  it('asks what is answered and not kept', async () => {
    server.fault = ({ method, path, body }) =>
      method === 'POST' && path === '/apis/authentication.k8s.io/v1/tokenreviews'
        ? {
            status: 201,
            body: { kind: 'TokenReview', metadata: {}, asked: body, status: { authenticated: true } },
          }
        : undefined;
    const question = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token: 'x' } };
    const answer = await kube.ask(TOKEN_REVIEW, question);
    expect(answer).toMatchObject({ asked: question, status: { authenticated: true } });
    expect(seen.map(({ verb, resource, status }) => [verb, resource, status])).toEqual([
      ['create', 'tokenreviews', 201],
    ]);
  });

  it('deletes only the object that was seen', async () => {
    const created = await kube.create(CONFIG_MAPS, configMap('a'));
    expect(await kube.delete(CONFIG_MAPS, A, { uid: 'of another' })).toBe(false);
    const error = await errorOf(kube.delete(CONFIG_MAPS, A, { resourceVersion: '1' }));
    expect(error.code).toBe('conflict');
    expect(server.get(CONFIG_MAPS, A)).toEqual(created);
    expect(await kube.delete(CONFIG_MAPS, A, { uid: created.metadata.uid })).toBe(true);
    expect(server.objects(CONFIG_MAPS)).toEqual([]);
  });

  it('asks for strict validation and names its manager in every write', async () => {
    const created = await kube.create(CONFIG_MAPS, configMap('a'));
    await kube.replace(CONFIG_MAPS, created);
    await kube.apply(CONFIG_MAPS, configMap('b'), { manager: 'other' });
    await kube.patch(CONFIG_MAPS, A, { type: 'merge', body: { data: { y: '1' } }, manager: 'third' });
    expect(server.requests.map(({ query }) => query.get('fieldValidation'))).toEqual(Array(4).fill('Strict'));
    const managers = server.requests.map(({ query }) => query.get('fieldManager'));
    expect(managers).toEqual(['tests', 'tests', 'other', 'third']);
    expect(server.requests.map(({ headers }) => headers.authorization)).toEqual(
      Array(4).fill('Bearer fake-token'),
    );
  });

  it('reads a long list page by page, with the kind on every item', async () => {
    for (let n = 0; n < 220; n += 1) server.put(CONFIG_MAPS, configMap(`n-${n}`));
    const all = await kube.list(CONFIG_MAPS, { namespace: 'team' });
    expect(new Set(all.map(({ metadata }) => metadata.name)).size).toBe(220);
    expect(new Set(all.map(({ kind, apiVersion }) => `${apiVersion} ${kind}`))).toEqual(
      new Set(['v1 ConfigMap']),
    );
    expect(server.requests).toHaveLength(3);
  });

  it('begins a list again, once, when its pages have grown too old', async () => {
    for (let n = 0; n < 101; n += 1) server.put(CONFIG_MAPS, configMap(`n-${n}`));
    server.fault = ({ query }) => {
      if (server.requests.length > 2 || !query.has('continue')) return undefined;
      server.put(CONFIG_MAPS, configMap('new'));
      server.compact();
      return undefined;
    };
    expect(await kube.list(CONFIG_MAPS)).toHaveLength(102);
    expect(server.requests.map(({ query }) => query.has('continue'))).toEqual([false, true, false, true]);
    server.fault = ({ query }) => (query.has('continue') ? { status: 410 } : undefined);
    expect((await errorOf(kube.list(CONFIG_MAPS))).code).toBe('gone');
  });

  const refusals: readonly (readonly [KubeErrorCode, Fault])[] = [
    ['unauthorized', { status: 401 }],
    ['forbidden', { status: 403, body: { kind: 'Status', message: 'exceeded quota', reason: 'Forbidden' } }],
    [
      'namespace_terminating',
      { status: 403, body: { kind: 'Status', details: { causes: [{ reason: 'NamespaceTerminating' }] } } },
    ],
    ['not_found', { status: 404, body: { kind: 'Status', details: { name: 'team', kind: 'namespaces' } } }],
    ['unknown_kind', { status: 404, body: '404 page not found' }],
    ['already_exists', { status: 409, body: { kind: 'Status', reason: 'AlreadyExists' } }],
    ['conflict', { status: 409, body: { kind: 'Status', reason: 'Conflict' } }],
    ['gone', { status: 410 }],
    ['invalid', { status: 422 }],
    [
      'invalid',
      { status: 400, body: { kind: 'Status', message: 'strict decoding error: unknown field "x"' } },
    ],
    ['invalid', { status: 500, body: { kind: 'Status', message: '.x: field not declared in schema' } }],
    ['too_many_requests', { status: 429, retryAfter: 3 }],
    ['unavailable', { status: 500, body: 'etcd is away' }],
    ['unavailable', { status: 200, body: '<html>' }],
    ['unavailable', 'cut'],
    ['timeout', { status: 504 }],
    ['timeout', 'hang'],
  ];
  it.each(refusals)('says %s for %j', async (code, fault) => {
    server.fault = () => fault;
    expect((await errorOf(kube.create(CONFIG_MAPS, configMap('a')))).code).toBe(code);
  });

  it('says what was asked, of what, and what the server answered', async () => {
    const body = { kind: 'Status', message: 'exceeded quota: small', reason: 'Forbidden' };
    server.fault = () => ({ status: 403, body });
    const { message } = await errorOf(kube.apply(CONFIG_MAPS, configMap('a'), { manager: 'm' }));
    expect(message).toBe('apply ConfigMap team/a: exceeded quota: small (HTTP 403)');
    const created = await errorOf(kube.create(CONFIG_MAPS, configMap('a')));
    expect(created.message).toBe('create ConfigMap team/a: exceeded quota: small (HTTP 403)');
    server.fault = undefined;
    const unknown = await errorOf(kube.list(DEPLOYMENTS, { namespace: 'team' }));
    expect(unknown.message).toContain('list Deployment.apps in team: ');
    expect(unknown.code).toBe('unknown_kind');
  });

  it('tells how long the server asks to wait', async () => {
    server.fault = () => ({ status: 429, retryAfter: 3 });
    expect((await errorOf(kube.get(CONFIG_MAPS, A))).retryAfterMs).toBe(3_000);
    server.fault = () => ({ status: 504, body: { kind: 'Status', details: { retryAfterSeconds: 2 } } });
    expect((await errorOf(kube.get(CONFIG_MAPS, A))).retryAfterMs).toBe(2_000);
  });

  it('asks again, once, where a connection was closed under a read, and never under a write', async () => {
    server.put(CONFIG_MAPS, configMap('a'));
    server.fault = () => (server.requests.length === 1 ? 'cut' : undefined);
    expect(await kube.get(CONFIG_MAPS, A)).toMatchObject({ metadata: A });
    server.fault = () => (server.requests.length === 3 ? 'cut' : undefined);
    await errorOf(kube.create(CONFIG_MAPS, configMap('b')));
    expect(server.requests).toHaveLength(3);
  });

  it('is cancelled by the signal, with its reason', async () => {
    server.fault = () => 'hang';
    const stop = new AbortController();
    const asked = kube.get(CONFIG_MAPS, A, stop.signal);
    stop.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    await expect(kube.get(CONFIG_MAPS, A, stop.signal)).rejects.toThrow('enough');
  });

  it('has no more requests in flight than it may; the others wait', async () => {
    server.fault = () => 'hang';
    const stop = new AbortController();
    const asked = Array.from({ length: 40 }, () => kube.get(CONFIG_MAPS, A, stop.signal));
    const ended = Promise.allSettled(asked);
    await until(() => server.requests.length === 4);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(server.requests).toHaveLength(4);
    stop.abort();
    await ended;
  });

  it('watches beside as many requests as there may be, from a version on', async () => {
    const first = server.put(CONFIG_MAPS, configMap('a', { x: '1' }));
    const stop = new AbortController();
    const version = first.metadata.resourceVersion ?? '';
    const watches = Array.from({ length: 10 }, () =>
      kube.watch(CONFIG_MAPS, { namespace: 'team', resourceVersion: version }, stop.signal).next(),
    );
    await kube.create(CONFIG_MAPS, { ...configMap('other'), metadata: { namespace: 'else', name: 'b' } });
    const second = server.put(CONFIG_MAPS, configMap('a', { x: '2' }));
    const events = await Promise.all(watches);
    expect(events).toEqual(Array(10).fill({ done: false, value: { type: 'modified', object: second } }));
    stop.abort();
  });

  it('calls a watch dead that has been silent for too long, and one too old gone', async () => {
    const stop = new AbortController();
    const silent = kube.watch(CONFIG_MAPS, { resourceVersion: '100' }, stop.signal).next();
    expect(await errorOf(silent)).toMatchObject({ code: 'timeout', status: undefined });
    server.put(CONFIG_MAPS, configMap('a'));
    server.compact();
    const old = kube.watch(CONFIG_MAPS, { resourceVersion: '1' }, stop.signal).next();
    expect(await errorOf(old)).toMatchObject({ code: 'gone', status: 410 });
  });

  it('is observed request by request', async () => {
    await kube.get(CONFIG_MAPS, A);
    const created = await kube.create(CONFIG_MAPS, configMap('a'));
    await kube.replaceStatus(CONFIG_MAPS, created);
    server.fault = () => 'cut';
    await errorOf(kube.delete(CONFIG_MAPS, A));
    expect(seen.map(({ verb, subresource, status }) => [verb, subresource, status])).toEqual([
      ['get', undefined, 404],
      ['create', undefined, 201],
      ['update', 'status', 200],
      ['delete', undefined, 0],
    ]);
  });
});
