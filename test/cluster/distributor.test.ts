// Distributors before a real API server: its tokens and its reviews of them, its watches, and the roles that the
// platform's manifests give. The programs run here, with the service account of the distributor; the pods are kwok's.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { request as httpsRequest } from 'node:https';
import { z } from 'zod';
import { downMessage } from '#api/distributor-api.ts';
import { DISTRIBUTOR, DISTRIBUTOR_TLS_NAME, NAMESPACES, PLATFORM_CA, TOKEN_AUDIENCES } from '#api/names.ts';
import { controlPlaneObjects } from '#constructs/control-plane/control-plane.ts';
import { OPERATOR } from '#constructs/control-plane/names.ts';
import { POLICY_SCHEMA } from '#policy/document.ts';
import { openPolicyFiles } from '#policy/policy-file.ts';
import { Distributor } from '#runtime/distributor/distributor.ts';
import { DISTRIBUTOR_PERMISSIONS } from '#runtime/distributor/permissions.ts';
import { readDistributorSettings } from '#runtime/distributor/settings.ts';
import { systemClock } from '#runtime/process/clock.ts';
import { KeptLog } from '#test/runtime/kube/things.ts';
import { startProxy } from '#test/runtime/distributor/a-proxy.ts';
import { aGrant, aServer, aSession, make } from './harness/builders.ts';
import { cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { namespace } from './harness/namespace.ts';
import { at, type KubeObject } from './harness/objects.ts';

const world = cluster();
const here = namespace('distributor');
const platform = NAMESPACES.platform;
const user = `system:serviceaccount:${platform}:${DISTRIBUTOR.serviceAccount}`;

const log = new KeptLog();
const endings: (() => Promise<unknown>)[] = [];
const since = world.audit.mark();

const tokenAnswer = z.object({ status: z.object({ token: z.string() }) });

interface TokenOptions {
  readonly in?: string;
  readonly audience?: string;
  /** Bound to this pod. */
  readonly pod?: KubeObject;
}

/** A token of a service account, as the kubelet gets it for a pod. */
async function tokenOf(account: string, options: TokenOptions = {}): Promise<string> {
  const { pod, audience = TOKEN_AUDIENCES.policy } = options;
  const boundObjectRef = pod && {
    apiVersion: 'v1',
    kind: 'Pod',
    name: pod.metadata.name,
    uid: pod.metadata.uid,
  };
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { audiences: audience === '' ? undefined : [audience], expirationSeconds: 600, boundObjectRef },
  };
  const path = `/api/v1/namespaces/${options.in ?? here}/serviceaccounts/${account}/token`;
  const { status, text } = await world.send(path, { method: 'POST', body });
  if (status !== 201) throw new Error(`a token of ${account}: ${status} ${text}`);
  const json: unknown = JSON.parse(text);
  return tokenAnswer.parse(json).status.token;
}

/** Who the distributors are, as the platform's manifests have it. */
async function installAccount(): Promise<void> {
  const objects = controlPlaneObjects({
    image: 'registry.example.org/operator:1.0.0',
    distributor: { image: 'registry.example.org/distributor:1.0.0' },
  });
  const kinds = ['ServiceAccount', 'Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'];
  await world.apply(
    objects.filter(
      ({ kind, metadata }) => kinds.includes(kind) && metadata.name === DISTRIBUTOR.serviceAccount,
    ),
  );
}

async function aDistributor(): Promise<Distributor> {
  const token = await tokenOf(DISTRIBUTOR.serviceAccount, { in: platform, audience: '' });
  const read = readDistributorSettings({
    STREAM_PORT: '0',
    BIND_ADDRESS: '127.0.0.1',
    MCP_CLUSTER_NAME: 'test',
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  const connection = {
    server: new URL(world.about.url),
    ca: world.about.ca,
    skipTlsVerify: false,
    token: () => Promise.resolve(token),
  };
  const distributor = new Distributor({ connection, settings: read.value, clock: systemClock, log });
  endings.push(() => distributor.stop());
  void distributor.run();
  await eventually('the distributor is ready', () => {
    expect(distributor.problems()).toEqual([]);
    return true;
  });
  return distributor;
}

const podsOf = (server: string) => world.list('Pod', here, `app=${server}`);

/** The first pod of a server, once it is ready. */
async function readyPod(server: string): Promise<KubeObject> {
  return await eventually(`${server} has a ready pod`, async () => {
    const pods = await podsOf(server);
    return pods.find((pod) =>
      z
        .array(z.looseObject({ type: z.string(), status: z.string() }))
        .catch([])
        .parse(at(pod, 'status', 'conditions'))
        .some(({ type, status }) => type === 'Ready' && status === 'True'),
    );
  });
}

let ca = '';

function aProxy(token: string, ...distributors: readonly Distributor[]) {
  const proxy = startProxy({ ca, token, ports: distributors.map(({ streamPort }) => streamPort) });
  endings.push(() => proxy.stop());
  return proxy;
}

type Proxy = ReturnType<typeof aProxy>;

const sessions = ({ policy }: Proxy) =>
  (policy.current?.document.sessions ?? []).map(({ name, revoked }) => `${name}${revoked ? ' revoked' : ''}`);

/** The lines of an answer, as they come; the first is its status. */
function lines(
  port: number | undefined,
  method: string,
  path: string,
  token: string,
  first?: object,
): string[] {
  const heard: string[] = [];
  const sent = httpsRequest({
    host: '127.0.0.1',
    port,
    method,
    path,
    ca,
    servername: DISTRIBUTOR_TLS_NAME,
    headers: { authorization: `Bearer ${token}` },
    agent: false,
  });
  endings.push(() => Promise.resolve(sent.destroy()));
  sent.on('error', (error) => heard.push(`error ${error.message}`));
  sent.on('response', (response) => {
    heard.push(String(response.statusCode));
    let rest = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = (rest + chunk).split('\n');
      rest = parts.pop() ?? '';
      heard.push(...parts.filter((part) => part !== ''));
    });
    response.on('end', () => heard.push(...(rest === '' ? [] : [rest]), 'closed'));
    response.on('error', () => heard.push('closed'));
  });
  if (first === undefined) sent.end();
  else sent.write(`${JSON.stringify(first)}\n`);
  return heard;
}

const HELLO = { hello: { schemas: [POLICY_SCHEMA], features: [] } };

/** Status and reason of an answer that lets nobody in. */
async function refusalOf(distributor: Distributor, token: string): Promise<string> {
  const heard = lines(distributor.streamPort, 'POST', '/policy', token, HELLO);
  await eventually('there is an answer', () => heard.length >= 2);
  const read = z.object({ reason: z.string() }).safeParse(JSON.parse(heard[1] ?? ''));
  return `${heard[0] ?? ''} ${read.data?.reason ?? 'no reason'}`;
}

const revoke = (name: string) =>
  world.patch('MCPAgentSession', name, here, { spec: { revoked: true } }, { manager: 'mcp-runtime-cli' });

let first: Distributor;
let notes: KubeObject;

beforeAll(async () => {
  await installAccount();
  await make(
    aServer(here, 'notes', { gateway: { enabled: true } }),
    aServer(here, 'other', { gateway: { enabled: true } }),
    aGrant(here, 'reader', 'notes'),
  );
  ca = await eventually('the namespace has the CA', async () => {
    const found = at(await world.get('ConfigMap', PLATFORM_CA, here), 'data', 'ca.crt');
    return typeof found === 'string' ? found : undefined;
  });
  first = await aDistributor();
  notes = await readyPod('notes');
});

afterAll(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

describe('a distributor before a real API server', () => {
  it('takes the token of a pod for its server, and compiles the revision that the operator writes', async () => {
    await make(aSession(here, 'first', 'notes'));
    const proxy = aProxy(await tokenOf('notes', { pod: notes }), first);
    await eventually('the policy is there', () => sessions(proxy).includes('first'));
    await eventually('operator and distributor agree', async () => {
      const written = openPolicyFiles(await world.get('ConfigMap', 'notes-gateway-policy', here));
      if (!written.ok) throw new Error(JSON.stringify(written.error));
      expect(written.value.revision).toBe(proxy.policy.current?.document.revision);
      return true;
    });
  });

  it('brings a revocation at once: no pause of its own is on the way', async () => {
    const proxy = aProxy(await tokenOf('notes', { pod: notes }), first);
    const tookMs: number[] = [];
    for (let round = 0; round < 10; round += 1) {
      const name = `revoked-${round}`;
      await make(aSession(here, name, 'notes'));
      await eventually('the session is in force', () => sessions(proxy).includes(name), { everyMs: 5 });
      const startMs = performance.now();
      await revoke(name);
      await eventually('it is revoked', () => sessions(proxy).includes(`${name} revoked`), { everyMs: 2 });
      tookMs.push(performance.now() - startMs);
    }
    // Of ten, the one that had to share the machine the least.
    expect(Math.min(...tookMs)).toBeLessThan(1_000);
  });

  it.each<[string, () => Promise<string>, string]>([
    ['for ingest', () => tokenOf('notes', { pod: notes, audience: TOKEN_AUDIENCES.ingest }), '401 rejected'],
    ['for the API server', () => tokenOf('notes', { pod: notes, audience: '' }), '401 rejected'],
    ['that is bound to no pod', () => tokenOf('notes'), '403 pod_unbound'],
    ['of the operator', () => tokenOf(OPERATOR.serviceAccount, { in: platform }), '403 pod_unbound'],
    ['that nobody signed', () => Promise.resolve('eyJhbGciOiJub25lIn0.e30.'), '401 rejected'],
  ])('lets in nobody with a token %s', async (_what, token, expected) => {
    expect(await refusalOf(first, await token())).toBe(expected);
  });

  it('lets in no pod that borrows the labels of a server, or its account alone', async () => {
    const pod = (name: string, serviceAccountName: string, labels: Readonly<Record<string, string>>) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: here, labels },
      spec: {
        serviceAccountName,
        automountServiceAccountToken: false,
        containers: [{ name: 'main', image: 'registry.example.org/stranger:1' }],
      },
    });
    const labels = { 'app.kubernetes.io/managed-by': 'mcp-runtime', 'app.kubernetes.io/instance': 'notes' };
    await make(pod('labelled', 'default', labels), pod('accounted', 'notes', {}));
    const labelled = await world.must('Pod', 'labelled', here);
    expect(await refusalOf(first, await tokenOf('default', { pod: labelled }))).toBe('403 other_account');
    const accounted = await world.must('Pod', 'accounted', here);
    // Pods without the label of the platform are not watched at all.
    expect(await refusalOf(first, await tokenOf('notes', { pod: accounted }))).toBe('403 pod_unknown');
  });

  it('tells the operator what is enforced, and no proxy', async () => {
    const token = await tokenOf('notes', { pod: notes });
    const proxy = aProxy(token, first);
    await eventually('the policy is there', () => proxy.policy.current !== undefined);
    const reader = await tokenOf(OPERATOR.serviceAccount, { in: platform });
    const told = lines(first.streamPort, 'GET', '/acknowledgements', reader);
    await eventually('everything is told', () => told.includes('{"synced":true}'));
    const uid = notes.metadata.uid ?? '';
    await eventually('the pod is told of', () => {
      const last = told.findLast((line) => line.includes(`"name":"notes"`)) ?? '';
      return last.includes(uid) && last.includes(proxy.policy.current?.document.revision ?? 'none');
    });
    const refused = lines(first.streamPort, 'GET', '/acknowledgements', token);
    await eventually('the proxy is refused', () => refused[0] === '403');
  });

  it('reads again where a proxy has seen more, so that the next revocation is not late', async () => {
    await make(aSession(here, 'ahead', 'notes'));
    // A newer view of quiet kinds than the first has: it began later, and reads everything as it is.
    const second = await aDistributor();
    const proxy = aProxy(await tokenOf('notes', { pod: notes }), second);
    await eventually('the policy is there', () => sessions(proxy).includes('ahead'));
    await second.stop();
    const refreshes = async () => {
      const page = await first.metrics.registry.metrics();
      return [...page.matchAll(/cache_refreshes_total\{cache="\w+"\} (\d+)/g)].reduce(
        (sum, [, count]) => sum + Number(count),
        0,
      );
    };
    const before = await refreshes();
    proxy.listenTo(first.streamPort);
    await eventually('the first has read again', async () => (await refreshes()) > before);
    await revoke('ahead');
    // Sooner than the next bookmark of a quiet kind, which would bring it up to date too.
    await eventually('it is revoked', () => sessions(proxy).includes('ahead revoked'), { timeoutMs: 30_000 });
  });

  it('goes on by another when one ends, and is told to go', async () => {
    await make(aSession(here, 'elsewhere', 'notes'));
    const second = await aDistributor();
    const token = await tokenOf('notes', { pod: notes });
    const proxy = aProxy(token, first, second);
    await eventually('the policy is there', () => sessions(proxy).includes('elsewhere'));
    const heard = lines(second.streamPort, 'POST', '/policy', token, HELLO);
    await eventually('it is let in', () => heard[0] === '200' && heard.length > 1);
    await second.stop();
    await eventually('it was told', () => heard.at(-1) === 'closed');
    expect(downMessage.parse(JSON.parse(heard.at(-2) ?? ''))).toMatchObject({ end: { reason: 'draining' } });
    await revoke('elsewhere');
    await eventually('it is revoked', () => sessions(proxy).includes('elsewhere revoked'), { everyMs: 2 });
  });

  it('ends the stream of a pod that is deleted, and takes its token no more', async () => {
    const pod = await readyPod('other');
    const token = await tokenOf('other', { pod });
    const heard = lines(first.streamPort, 'POST', '/policy', token, HELLO);
    await eventually('it is let in', () => heard[0] === '200' && heard.length > 1);
    await world.delete('Pod', pod.metadata.name, here);
    await eventually('the stream is over', () => heard.at(-1) === 'closed');
    expect(downMessage.parse(JSON.parse(heard.at(-2) ?? ''))).toMatchObject({ end: { reason: 'pod_gone' } });
    expect(await refusalOf(first, token)).toMatch(/^(401 rejected|403 pod_unknown)$/);
  });

  it('ends the streams of a server that is deleted', async () => {
    const pod = await readyPod('other');
    const heard = lines(first.streamPort, 'POST', '/policy', await tokenOf('other', { pod }), HELLO);
    await eventually('it is let in', () => heard[0] === '200' && heard.length > 1);
    await world.delete('MCPServer', 'other', here);
    await eventually('the stream is over', () => heard.at(-1) === 'closed');
    expect(downMessage.parse(JSON.parse(heard.at(-2) ?? ''))).toMatchObject({
      end: { reason: 'server_gone' },
    });
  });
});

describe('the permissions of the distributor', () => {
  const lineOf = (verb: string, resource: string, group: string) =>
    `${verb} ${resource}${group === '' ? '' : `.${group}`}`;
  const granted = DISTRIBUTOR_PERMISSIONS.flatMap(({ verbs, resource, group }) =>
    verbs.map((verb) => lineOf(verb, resource, group)),
  );
  const asked = () => world.audit.read({ user, since });

  it('are those that it uses, and all of them', () => {
    const used = new Set(asked().map(({ verb, resource, group }) => lineOf(verb, resource, group)));
    expect([...used].toSorted()).toEqual(granted.toSorted());
  });

  it('are never too few', () => {
    expect(asked().filter(({ unauthorized }) => unauthorized)).toEqual([]);
  });

  it('let it write nothing but reviews, and read no Secret but its certificate', () => {
    const written = asked().filter(({ verb }) => !['list', 'watch'].includes(verb));
    expect(new Set(written.map(({ resource }) => resource))).toEqual(new Set(['tokenreviews']));
    const secrets = asked().filter(({ resource }) => resource === 'secrets');
    expect(secrets.length).toBeGreaterThan(0);
    for (const { uri } of secrets) expect(uri).toContain(`metadata.name%3D${DISTRIBUTOR.tlsSecret}`);
  });

  it('are kept, whatever it is asked: another Secret is out of its reach', async () => {
    const path = `/api/v1/namespaces/${platform}/secrets`;
    expect((await world.send(path, { as: user })).status).toBe(403);
    expect((await world.send(`${path}/mcp-runtime-ca`, { as: user })).status).toBe(403);
    const named = `${path}?fieldSelector=metadata.name%3Dmcp-runtime-ca`;
    expect((await world.send(named, { as: user })).status).toBe(403);
  });

  it('leave no token in its log', () => {
    expect(JSON.stringify(log.lines)).not.toMatch(/eyJ[\w-]+\./);
  });
});
