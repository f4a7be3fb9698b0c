// What happens around a server: it loses its readiness, is deleted half made, its namespace ends, others write at the
// same time, and what its author wrote is refused or has no effect.
import type { Mark } from '#scripts/cluster/audit-log.ts';
import { describe, expect, it } from '@jest/globals';
import { aServer, becomes, goes, make, messageOf } from './harness/builders.ts';
import { becomesCalm } from './harness/calm.ts';
import { cluster } from './harness/cluster.ts';
import { COLLECTED, eventually, until } from './harness/eventually.ts';
import { makeNamespace, namespace } from './harness/namespace.ts';
import { at, conditionLine, items } from './harness/objects.ts';
import type { Kind } from './harness/resources.ts';
import { aReadyServer, eventsOf, play, readyAgain } from './harness/serving.ts';

const world = cluster();
const ns = namespace('disturbed');

const GOVERNED = { gateway: { enabled: true }, auth: { mode: 'header' } };

/** Requests of the operator about a namespace since a mark, but for its events. */
const requestsIn = (where: string, since: Mark) =>
  world.audit
    .read({ user: world.operatorUser, namespace: where, since })
    .filter(({ resource }) => resource !== 'events')
    .map(({ verb, resource, name, code }) => `${verb} ${resource} ${name ?? ''} ${code}`);

const CHILDREN: readonly Kind[] = ['Deployment', 'Service', 'Ingress', 'ServiceAccount', 'NetworkPolicy'];

/** Names of what is there of a server. */
async function childrenOf(where: string, server: string): Promise<readonly string[]> {
  const lists = await Promise.all(
    CHILDREN.map(async (kind) => {
      const found = await world.list(kind, where, `app=${server}`);
      return found.map(({ metadata }) => `${kind} ${metadata.name}`);
    }),
  );
  return lists.flat();
}

describe('a server that loses its readiness', () => {
  it('says so, with a warning, and is ready again when its pods are', async () => {
    await aReadyServer(ns, 'lost', GOVERNED);
    await play(ns, 'lost', 'unready');
    const lost = await becomes(
      'MCPServer',
      ns,
      'lost',
      (now) => conditionLine(now, 'Ready'),
      'False ReadinessFailing',
    );
    expect(at(lost, 'status', 'gatewayReady')).toBe(false);
    expect(messageOf(lost, 'Ready')).toContain('the server does not listen on its port (spec.port)');
    await eventually('it is told', async () =>
      (await eventsOf(ns, 'lost')).some((each) => each.startsWith('Warning NotReady: ')),
    );
    await play(ns, 'lost', 'ready');
    const back = await readyAgain(ns, 'lost');
    expect(at(back, 'status', 'gatewayReady')).toBe(true);
  });
});

describe('a server that is deleted', () => {
  it.each(['background', 'foreground'])('half made, takes all of it along: %s', async (cascade) => {
    const name = `half-${cascade}`;
    await make(aServer(ns, name, { ...GOVERNED, ingressHost: `${name}.${ns}.example.org` }));
    await until(
      'it is being made',
      () => childrenOf(ns, name),
      (children) => children.length > 0,
      { everyMs: 10 },
    );
    await world.kubectl(['delete', 'mcpserver', name, '-n', ns, `--cascade=${cascade}`]);
    await goes('MCPServer', ns, name, COLLECTED);
    await until(
      'nothing of it is left',
      () => childrenOf(ns, name),
      (children) => children.length === 0,
      COLLECTED,
    );
    await goes('ConfigMap', ns, `${name}-gateway-policy`, COLLECTED);
  });

  it('is of no concern to the operator any more', async () => {
    await aReadyServer(ns, 'gone', GOVERNED);
    await world.kubectl(['delete', 'mcpserver', 'gone', '-n', ns]);
    await until(
      'nothing of it is left',
      () => childrenOf(ns, 'gone'),
      (children) => children.length === 0,
      COLLECTED,
    );
    const askedFor = (since: Mark) => requestsIn(ns, since).filter((each) => each.includes(' gone'));
    await becomesCalm('the server that is gone', askedFor, { forMs: 2_500 });
  });
});

describe('a namespace that ends', () => {
  it('is not fought, and goes as soon as it may', async () => {
    const where = `${ns}-ending`;
    await makeNamespace(where);
    // Somebody else's finalizer holds a server, and with it the namespace.
    const held = aServer(where, 'held', { ...GOVERNED, ingressHost: `held.${ns}.example.org` });
    await make({ ...held, metadata: { ...held.metadata, finalizers: ['example.org/hold'] } });
    await make(aServer(where, 'free', { ingressHost: `free.${ns}.example.org` }));
    await until(
      'both are being made',
      () => world.list('Deployment', where),
      (list) => list.length === 2,
    );
    await world.kubectl(['delete', 'namespace', where, '--wait=false']);
    await until(
      'the rest of it is gone',
      async () => [...(await childrenOf(where, 'held')), ...(await childrenOf(where, 'free'))],
      (children) => children.length === 0,
      COLLECTED,
    );
    await becomesCalm('the namespace', (since) => requestsIn(where, since), { forMs: 3_000, atMost: 4 });
    expect(await childrenOf(where, 'held')).toEqual([]);
    await world.patch('MCPServer', 'held', where, { metadata: { finalizers: null } });
    await until(
      'the namespace is gone',
      () => world.get('Namespace', where),
      (found) => found === undefined,
      COLLECTED,
    );
  });
});

describe('a server that others write to at the same time', () => {
  it('ends as it has to be', async () => {
    const before = await aReadyServer(ns, 'contended', GOVERNED);
    const image = 'registry.example.org/contended:1.0.0';
    const rounds = Array.from({ length: 25 }, (_each, round) => round);
    const labels = async () => {
      for (const round of rounds)
        await world.patch('MCPServer', 'contended', ns, { metadata: { labels: { round: `r${round}` } } });
    };
    const statuses = async () => {
      for (const round of rounds)
        await world.patch(
          'MCPServer',
          'contended',
          ns,
          { status: { message: `round ${round}` } },
          { subresource: 'status' },
        );
    };
    const deployments = async () => {
      for (const round of rounds)
        await world.patch('Deployment', 'contended', ns, { metadata: { labels: { app: `other-${round}` } } });
    };
    await Promise.all([labels(), statuses(), deployments()]);
    await until(
      'its status is right',
      () => world.must('MCPServer', 'contended', ns),
      (now) => at(now, 'status', 'message') === at(before, 'status', 'message'),
    );
    const deployment = await until(
      'its Deployment is right',
      () => world.must('Deployment', 'contended', ns),
      (now) => now.metadata.labels?.['app'] === 'contended',
    );
    expect(at(items(deployment, 'spec', 'template', 'spec', 'containers')[0], 'image')).toBe(image);
    expect(deployment.metadata.generation).toBe(1);
    const askedFor = (since: Mark) => requestsIn(ns, since).filter((each) => each.includes(' contended'));
    await becomesCalm('the server', askedFor, { forMs: 2_000 });
  });
});

describe('a spec that can not be meant', () => {
  const manifest = (name: string, spec: string) =>
    `{apiVersion: mcpruntime.org/v1alpha1, kind: MCPServer, metadata: {name: ${name}, namespace: ${ns}}, spec: ${spec}}`;

  it.each([
    ['an empty image', '{image: ""}', 'spec.image'],
    ['no image', '{port: 8088}', 'spec.image'],
    [
      'a quantity that is none',
      '{image: "a:1", resources: {limits: {memory: lots}}}',
      'spec.resources.limits.memory',
    ],
    [
      "a port that is the proxy's",
      '{image: "a:1", port: 8091, gateway: {enabled: true}}',
      'spec.gateway.port',
    ],
    ['a port that is none', '{image: "a:1", port: 70000}', 'spec.port'],
  ])('is refused by kubectl with the path of the field: %s', async (_what, spec, path) => {
    const { code, stderr } = await world.apply(manifest('refused', spec), { allowFailure: true });
    expect(code).not.toBe(0);
    expect(stderr).toContain(path);
    expect(await world.get('MCPServer', 'refused', ns)).toBeUndefined();
  });

  it('is named in status where it only has no effect: a tool that does not say what it does', async () => {
    const tools = [{ name: 'read', sideEffect: 'read' }, { name: 'wipe' }];
    const server = await aReadyServer(ns, 'tools', { ...GOVERNED, tools });
    expect(conditionLine(server, 'SpecHonoured')).toBe('False PartlyIgnored');
    const message = messageOf(server, 'SpecHonoured');
    expect(message).toMatch(
      /^spec\.tools\[1\]\.sideEffect .*every call of wipe is denied \(tool_side_effect_unknown\)/,
    );
    await eventually('it is told', async () =>
      (await eventsOf(ns, 'tools')).includes(`Warning SpecWarning: ${message}`),
    );
  });
});
