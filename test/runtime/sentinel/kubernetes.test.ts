// A sentinel in a cluster, as a process: an API server in memory says whose tokens are good and what runs.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { accessList, SENTINEL_PATHS, serverList, healthReport } from '#api/sentinel-api.ts';
import { TOKEN_REVIEW } from '#runtime/kube/token-review.ts';
import { GRANT, POD, SERVER, SESSION } from '#runtime/policy-book/kinds.ts';
import { SENTINEL_PERMISSIONS } from '#runtime/sentinel/permissions.ts';
import { FakeApiServer } from '../kube/fake-api-server.ts';
import { grantObject, podObject, reviewOf, serverObject, sessionObject } from './cluster-objects.ts';
import { eventOf } from './events.ts';
import { SentinelHome, SentinelProcess, until } from './sentinel-process.ts';

let fake: FakeApiServer;
let home: SentinelHome;
let sentinel: SentinelProcess;

beforeAll(async () => {
  fake = await FakeApiServer.start([SERVER, GRANT, SESSION, POD]);
  fake.put(
    SERVER,
    serverObject(
      'notes',
      { description: 'Notes.', tools: [{ name: 'read_note', requiredTrust: 'low', sideEffect: 'read' }] },
      { phase: 'Ready', policyRevision: 'sha256:1', resolved: { url: 'https://mcp.example.org/notes' } },
    ),
  );
  fake.put(SERVER, serverObject('broken', {}, { phase: 'Error', message: 'The image is not there.' }));
  fake.put(POD, podObject());
  const serverRef = { name: 'notes' };
  fake.put(
    GRANT,
    grantObject('readers', { serverRef, subject: { teamID: 'red' }, maxTrust: 'medium', disabled: true }),
  );
  const consent = {
    serverRef: { name: 'notes', namespace: 'other' },
    subject: { humanID: 'u' },
    consentedTrust: 'high',
  };
  fake.put(SESSION, sessionObject('live', { ...consent, expiresAt: '2099-01-01T00:00:00Z' }));
  fake.put(SESSION, sessionObject('over', consent, { expiresAt: '2020-01-01T00:00:00Z' }));
  fake.put(SESSION, sessionObject('revoked', { ...consent, revoked: true }));
  fake.fault = ({ path, body }) => {
    if (!path.endsWith(TOKEN_REVIEW.resource)) return undefined;
    const isGood = JSON.stringify(body).includes('good-token');
    return { status: 201, body: isGood ? reviewOf() : { status: { authenticated: false } } };
  };
  home = await SentinelHome.make();
  const cluster = { name: 'fake', cluster: { server: fake.connection.server.origin } };
  await home.write('kubeconfig', {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [cluster],
    users: [{ name: 'nobody', user: {} }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'nobody' } }],
    'current-context': 'fake',
  });
  sentinel = await SentinelProcess.start(home, {
    INGEST_TOKENS: 'kubernetes',
    INVENTORY: 'kubernetes',
    INGEST_KEYS_FILE: '',
    INVENTORY_FILE: '',
    KUBECONFIG: home.at('kubeconfig'),
  });
});

afterAll(async () => {
  await sentinel.kill('SIGTERM');
  await home.remove();
  await fake.close();
});

const post = async (headers: Readonly<Record<string, string>>, payload = {}): Promise<number> => {
  const { status } = await fetch(sentinel.ingestUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(eventOf({ payload })),
  });
  return status;
};

describe('a sentinel in a cluster', () => {
  it('takes events of the server whose pod presents its token, and of no other', async () => {
    await until(async () => (await fetch(sentinel.apiUrl + SENTINEL_PATHS.ready)).status === 200);
    expect(await post({ authorization: 'Bearer good-token' })).toBe(202);
    expect(await post({ authorization: 'Bearer good-token' }, { server: 'victim' })).toBe(403);
    expect(await post({ authorization: 'Bearer bad-token' })).toBe(401);
    expect(await post({})).toBe(401);
    expect(await post({ 'x-api-key': 'key-of-notes-0123456789' })).toBe(401);
  });

  it('shows what runs in the cluster, and what the operator says of it', async () => {
    const { servers } = await sentinel.get(serverList, SENTINEL_PATHS.servers);
    expect(servers).toMatchObject([
      {
        namespace: 'mcp-servers',
        name: 'notes',
        state: 'ready',
        url: 'https://mcp.example.org/notes',
        description: 'Notes.',
        policyRevision: 'sha256:1',
        tools: [{ name: 'read_note', requiredTrust: 'low', sideEffect: 'read' }],
      },
      { name: 'broken', state: 'failed', message: 'The image is not there.' },
    ]);
  });

  it('shows who may call, and for how long', async () => {
    const { grants, sessions } = await sentinel.get(accessList, SENTINEL_PATHS.access);
    expect(grants).toMatchObject([
      { name: 'readers', server: 'notes', subject: { teamId: 'red' }, maxTrust: 'medium', disabled: true },
    ]);
    expect(sessions.map(({ name, server, state }) => [name, server, state])).toEqual([
      ['live', 'other/notes', 'active'],
      ['over', 'other/notes', 'expired'],
      ['revoked', 'other/notes', 'revoked'],
    ]);
  });

  it('follows the cluster, and says so while it can not', async () => {
    fake.put(SERVER, serverObject('later'));
    await until(async () => {
      const { servers } = await sentinel.get(serverList, SENTINEL_PATHS.servers);
      return servers.some(({ name }) => name === 'later');
    });
    const { fault } = fake;
    fake.fault = () => ({ status: 503 });
    fake.endWatches('cut');
    await until(async () => {
      const { components } = await sentinel.get(healthReport, SENTINEL_PATHS.health);
      return components['cluster']?.status === 'degraded';
    });
    expect((await fetch(sentinel.apiUrl + SENTINEL_PATHS.ready)).status).toBe(200);
    fake.fault = fault;
  });

  it('asks for nothing but what its role allows', () => {
    const allowed = new Set(
      SENTINEL_PERMISSIONS.flatMap(({ resource, verbs }) => verbs.map((verb) => `${verb} ${resource}`)),
    );
    const used = fake.requests.map(({ method, path, query }) => {
      const parts = path.split('/');
      const isOne = path.includes('/namespaces/') && parts.length > 6;
      const resource = isOne ? parts.at(-2) : parts.at(-1);
      const verb =
        method === 'POST' ? 'create' : query.get('watch') === 'true' ? 'watch' : isOne ? 'get' : 'list';
      return `${verb} ${resource ?? ''}`;
    });
    expect([...new Set(used)].filter((each) => !allowed.has(each))).toEqual([]);
    expect(allowed.size).toBe(new Set(used).size);
  });
});
