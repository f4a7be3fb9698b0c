import { beforeEach, describe, expect, it } from '@jest/globals';
import { TOKEN_AUDIENCES } from '#api/names.ts';
import { OPERATOR } from '#constructs/control-plane/names.ts';
import { Doorkeeper } from '#runtime/distributor/doorkeeper.ts';
import { readDistributorSettings } from '#runtime/distributor/settings.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import type { Review } from '#runtime/kube/token-review.ts';
import { rawServer } from '#test/runtime/operator/access/build.ts';
import { isKubeObject } from '#runtime/kube/json.ts';

const never = new AbortController().signal;
const POD: KubeObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    namespace: 'team-a',
    name: 'notes-1',
    uid: 'uid-1',
    labels: { 'app.kubernetes.io/managed-by': 'mcp-runtime', 'app.kubernetes.io/instance': 'notes' },
  },
};

function theServer(): KubeObject {
  const raw = rawServer();
  if (!isKubeObject(raw)) throw new TypeError('no object');
  return raw;
}

const PROXY: Review = {
  ok: true,
  identity: { namespace: 'team-a', name: 'notes', pod: { name: 'notes-1', uid: 'uid-1' } },
};
const CONTROLLER: Review = {
  ok: true,
  identity: { namespace: 'mcp-runtime', name: OPERATOR.serviceAccount },
};

describe('the doorkeeper', () => {
  let review: Review;
  let asked: string[];
  let refreshed: string[];
  let pods: readonly KubeObject[];
  let onRefresh: () => void;

  beforeEach(() => {
    review = PROXY;
    asked = [];
    refreshed = [];
    pods = [POD];
    onRefresh = () => undefined;
  });

  const find =
    (objects: () => readonly KubeObject[]) =>
    ({ namespace, name }: { readonly namespace?: string | undefined; readonly name: string }) =>
      objects().find(({ metadata }) => metadata.namespace === namespace && metadata.name === name);

  function doorkeeper(): Doorkeeper {
    const settings = readDistributorSettings({});
    if (!settings.ok) throw new Error('the defaults are refused');
    return new Doorkeeper({
      reviews: {
        review: async (token, audience) => {
          asked.push(`${token} ${audience}`);
          return await Promise.resolve(review);
        },
      },
      servers: { get: find(() => [theServer()]) },
      pods: { get: find(() => pods) },
      refresh: async (what) => {
        refreshed.push(what);
        await Promise.resolve();
        onRefresh();
      },
      operator: { namespace: settings.value.namespace, name: settings.value.operatorAccount },
    });
  }

  const bearer = { authorization: 'Bearer some.token-1' };

  it('lets a proxy in as the server of its pod', async () => {
    const admitted = await doorkeeper().admitProxy(bearer, never);
    expect(admitted).toMatchObject({ ok: true, value: { server: { namespace: 'team-a', name: 'notes' } } });
    expect(asked).toEqual([`some.token-1 ${TOKEN_AUDIENCES.policy}`]);
  });

  it.each([undefined, '', 'Basic dXNlcjpwYXNz', 'Bearer', 'Bearer a b'])(
    'asks nobody where there is no bearer token (%s)',
    async (authorization) => {
      const headers = authorization === undefined ? {} : { authorization };
      expect(await doorkeeper().admitProxy(headers, never)).toMatchObject({
        error: { status: 401, reason: 'no_token' },
      });
      expect(asked).toEqual([]);
    },
  );

  it.each(['rejected', 'wrong_audience', 'no_service_account'] as const)(
    'shows the door to a token that is %s',
    async (reason) => {
      review = { ok: false, reason, message: 'no' };
      expect(await doorkeeper().admitProxy(bearer, never)).toMatchObject({ error: { status: 401, reason } });
      expect(await doorkeeper().admitOperator(bearer, never)).toMatchObject({
        error: { status: 401, reason },
      });
    },
  );

  it('blames nobody while the API server is away', async () => {
    review = { ok: false, reason: 'unavailable', message: 'no' };
    expect(await doorkeeper().admitProxy(bearer, never)).toMatchObject({
      error: { status: 503, reason: 'unavailable' },
    });
  });

  it('looks once more for a pod that it does not know: it may be younger than the cache', async () => {
    pods = [];
    onRefresh = () => (pods = [POD]);
    expect(await doorkeeper().admitProxy(bearer, never)).toMatchObject({ ok: true });
    expect(refreshed).toEqual(['pods']);
  });

  it('shows the door to a pod that is not there', async () => {
    pods = [];
    expect(await doorkeeper().admitProxy(bearer, never)).toMatchObject({
      error: { status: 403, reason: 'pod_unknown' },
    });
  });

  it('does not look twice for what no newer view would change', async () => {
    review = {
      ok: true,
      identity: { namespace: 'team-a', name: 'default', pod: { name: 'notes-1', uid: 'uid-1' } },
    };
    expect(await doorkeeper().admitProxy(bearer, never)).toMatchObject({
      error: { status: 403, reason: 'other_account' },
    });
    expect(refreshed).toEqual([]);
  });

  it('tells acknowledgements to the operator, by the account that its manifests give it, and to nobody else', async () => {
    review = CONTROLLER;
    expect(await doorkeeper().admitOperator(bearer, never)).toMatchObject({ ok: true });
    review = PROXY;
    expect(await doorkeeper().admitOperator(bearer, never)).toMatchObject({
      error: { status: 403, reason: 'not_the_operator' },
    });
    review = { ok: true, identity: { namespace: 'team-a', name: OPERATOR.serviceAccount } };
    expect(await doorkeeper().admitOperator(bearer, never)).toMatchObject({ error: { status: 403 } });
  });

  it('takes no operator for a proxy', async () => {
    review = CONTROLLER;
    expect(await doorkeeper().admitProxy(bearer, never)).toMatchObject({
      error: { status: 403, reason: 'pod_unbound' },
    });
  });
});
