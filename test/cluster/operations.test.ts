// What the operator shows to whoever runs it: events, metrics, health and logs.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { aServer, make } from './harness/builders.ts';
import { cluster } from './harness/cluster.ts';
import { eventually } from './harness/eventually.ts';
import { namespace } from './harness/namespace.ts';
import { at } from './harness/objects.ts';
import { isSettled, leader, otherThan, sumOf } from './serial/replicas.ts';

const world = cluster();
const ns = namespace('operations');
const hooked = namespace('operations-hooked');
const LONG = { timeoutMs: 60_000 };
let leading = 0;

beforeAll(async () => {
  leading = await leader();
  await make(aServer(ns, 'told', { gateway: { enabled: true } }));
  await eventually('told is settled', () => isSettled(ns, 'told'), LONG);
});

/** What kubectl shows of a server's events: `Normal Created ...`. */
async function eventsOf(name: string): Promise<readonly string[]> {
  const columns = 'TYPE:.type,REASON:.reason,NOTE:.message';
  const { stdout } = await world.kubectl([
    ...['get', 'events', '-n', ns, '--no-headers', '--sort-by=.metadata.creationTimestamp'],
    ...[`--field-selector=involvedObject.kind=MCPServer,involvedObject.name=${name}`],
    ...['-o', `custom-columns=${columns}`],
  ]);
  return stdout
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(/ +/g, ' '));
}

describe('events', () => {
  it('tell what was made of a server, and what of it was changed, where kubectl shows them', async () => {
    const created = await eventually('it is told', async () =>
      (await eventsOf('told')).find((event) => event.startsWith('Normal Created ')),
    );
    for (const child of ['ConfigMap told-gateway-policy', 'Deployment told', 'Service told', 'Ingress told'])
      expect(created).toContain(child);
    await world.patch('MCPServer', 'told', ns, { spec: { image: 'registry.example.org/told:2' } });
    await eventually('the change is told', async () =>
      (await eventsOf('told')).find((event) => /^Normal Updated .*Deployment told \(.*image/.test(event)),
    );
    const { stdout } = await world.kubectl(['describe', '-n', ns, 'mcpserver/told']);
    expect(stdout).toMatch(/Normal +Created +.*mcpruntime\.org\/operator/);
  });

  it('are told once: a server that is looked at again adds none', async () => {
    await eventually('told is settled', () => isSettled(ns, 'told'), LONG);
    const page = () => world.operators.metrics(leading);
    const looked = async () => sumOf(await page(), 'mcp_operator_applies_total', 'result="unchanged"') ?? 0;
    // Events are sent beside the work, so that one of before may still be under way at the first try.
    let round = 0;
    await eventually(
      'a look adds none',
      async () => {
        const before = await eventsOf('told');
        const since = await looked();
        const annotation = `example.org/look=again-${(round += 1)}`;
        await world.kubectl(['annotate', '-n', ns, 'mcpserver/told', annotation, '--overwrite']);
        await eventually('it was looked at', async () => (await looked()) > since, LONG);
        expect(await eventsOf('told')).toEqual(before);
        return true;
      },
      LONG,
    );
  });
});

describe('metrics', () => {
  const NAMES = [
    'mcp_operator_api_request_duration_seconds_bucket',
    'mcp_operator_api_requests_total',
    'mcp_operator_applies_total',
    'mcp_operator_cached_objects',
    'mcp_operator_failing_objects',
    'mcp_operator_leader',
    'mcp_operator_queue_depth',
    'mcp_operator_reconcile_duration_seconds_bucket',
    'mcp_operator_reconciles_total',
    'mcp_operator_watch_ends_total',
    'nodejs_heap_size_used_bytes',
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
  ];

  it('are all there, in lines that Prometheus reads', async () => {
    const page = await world.operators.metrics(leading);
    const lines = page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    for (const line of lines) expect(line).toMatch(/^[a-z\d_]+(\{([a-z_]+="[^"\\]*",?)*\})? [-+.\deINFna]+$/);
    const found = new Set(lines.map((line) => /^[a-z\d_]+/.exec(line)?.[0]));
    expect(NAMES.filter((name) => !found.has(name))).toEqual([]);
    const idle = await world.operators.metrics(otherThan(leading));
    expect([sumOf(page, 'mcp_operator_leader'), sumOf(idle, 'mcp_operator_leader')]).toEqual([1, 0]);
    // Both replicas know everything, so that the one can go on for the other.
    for (const each of [page, idle])
      expect(sumOf(each, 'mcp_operator_cached_objects', 'resource="mcpservers"')).toBeGreaterThan(0);
  });

  it('grow with what is done', async () => {
    const GROWING = [
      ['mcp_operator_reconciles_total', 'controller="servers"'],
      ['mcp_operator_reconcile_duration_seconds_count', 'controller="servers"'],
      ['mcp_operator_applies_total', 'kind="Deployment",result="created"'],
      ['mcp_operator_applies_total', 'kind="Service",result="created"'],
      ['mcp_operator_api_requests_total', 'verb="update",resource="mcpservers/status",status="200"'],
      ['mcp_operator_api_request_duration_seconds_count', 'verb="update"'],
      ['mcp_operator_api_requests_total', 'verb="update",resource="leases",status="200"'],
    ] as const;
    const read = async () => {
      const page = await world.operators.metrics(leading);
      return GROWING.map(([name, labels]) => sumOf(page, name, labels) ?? 0);
    };
    const before = await read();
    await make(aServer(ns, 'counted'));
    await eventually('counted is settled', () => isSettled(ns, 'counted'), LONG);
    await eventually('all have grown', async () => {
      const now = await read();
      return now.every((value, index) => value > (before[index] ?? 0)) ? true : undefined;
    });
  });

  it('name no server and no namespace in any label', async () => {
    const namespaces = (await world.list('Namespace')).map(({ metadata }) => metadata.name);
    const servers = (await world.list('MCPServer')).map(({ metadata }) => metadata.name);
    const chosen = new Set([...namespaces, ...servers]);
    expect(chosen.has(ns) && chosen.has('told')).toBe(true);
    const page = await world.operators.metrics(leading);
    const values = [...page.matchAll(/[a-z_]+="([^"]*)"/g)].map(([, value]) => value ?? '');
    expect(values.filter((value) => value.includes(ns) || value.includes('told'))).toEqual([]);
    // A server may have the name of a resource; no label is only there for a server.
    const names = new Set([...page.matchAll(/([a-z_]+)="/g)].map(([, name]) => name));
    expect([...names].toSorted()).toEqual(
      [
        ...['cause', 'controller', 'kind', 'le', 'resource', 'result', 'status', 'verb'],
        ...['space', 'type', 'version', 'major', 'minor', 'patch'],
      ].toSorted(),
    );
  });
});

describe('health pages', () => {
  it.each(['healthz', 'readyz'])('say ok of both replicas: %s', async (page) => {
    for (const { healthUrl } of await world.operators.list()) {
      const response = await fetch(`${healthUrl}/${page}`);
      expect([response.status, await response.text()]).toEqual([200, 'ok\n']);
    }
  });

  it('are not where metrics are, and have no others beside them', async () => {
    const { healthUrl, metricsUrl } = await world.operators.get(0);
    expect((await fetch(`${healthUrl}/metrics`)).status).toBe(404);
    expect((await fetch(metricsUrl.replace('/metrics', '/healthz'))).status).toBe(404);
  });
});

const logLine = z.looseObject({
  level: z.enum(['debug', 'info', 'warn', 'error']),
  time: z.iso.datetime(),
  program: z.literal('operator'),
  msg: z.string().min(1),
});

async function linesOfLog(index: number): Promise<readonly z.output<typeof logLine>[]> {
  const text = await world.operators.log(index);
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const json: unknown = JSON.parse(line);
      return logLine.parse(json);
    });
}

/** Somebody's webhook for Services of a namespace, whose server is away: the API server can't say yes or no then. */
const webhook = {
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: { name: hooked },
  webhooks: [
    {
      name: 'services.example.org',
      clientConfig: { url: 'https://127.0.0.1:1/' },
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': hooked } },
      rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['services'] }],
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      timeoutSeconds: 5,
    },
  ],
};

describe('logs', () => {
  afterAll(async () => {
    await world.kubectl(['delete', 'validatingwebhookconfiguration', hooked, '--ignore-not-found']);
  });

  it('are lines of JSON, of which those of a reconcile that failed say which, of whom, and why', async () => {
    await world.apply(webhook);
    await eventually('the webhook is asked', async () => {
      const spec = { ports: [{ port: 80 }] };
      const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'a', namespace: hooked }, spec };
      return (await world.create(service, { query: '?dryRun=All' })).status === 500;
    });
    await make(aServer(hooked, 'stuck'));
    const key = `${hooked}/stuck`;
    const failed = await eventually(
      'it failed three times',
      async () => {
        const lines = (await linesOfLog(leading)).filter((line) => line['key'] === key);
        return lines.length >= 3 ? lines : undefined;
      },
      LONG,
    );
    for (const line of failed) {
      expect(line).toMatchObject({ level: 'warn', controller: 'servers' });
      expect(line['reconcileId']).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      expect(at(line, 'error', 'message')).toMatch(/Service .*services\.example\.org/);
    }
    expect(new Set(failed.map((line) => line['reconcileId'])).size).toBe(failed.length);
    expect(failed.map((line) => line['failures'])).toEqual(failed.map((_, index) => index + 1));
    await world.kubectl(['delete', 'validatingwebhookconfiguration', hooked]);
    await eventually('it runs', () => isSettled(hooked, 'stuck'), LONG);
  });

  it('hold no secret of the installation', async () => {
    for (const index of [0, 1]) {
      const text = await world.operators.log(index);
      expect(text).toContain('The operator starts.');
      expect(text).not.toMatch(/of-the-test-registry|eyJhbGciOi|Bearer /);
    }
  });
});
