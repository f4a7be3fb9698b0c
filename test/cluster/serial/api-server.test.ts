// That the API server of the cluster goes, comes back and forgets, which the tests of what the operator does then need.
import { expect, it } from '@jest/globals';
import { cluster } from '../harness/cluster.ts';
import { eventually } from '../harness/eventually.ts';
import { namespace } from '../harness/namespace.ts';
import { at } from '../harness/objects.ts';

const world = cluster();
const ns = namespace('api-server');

const map = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: ns } });

async function listVersion(): Promise<string> {
  const { text } = await world.send(`/api/v1/namespaces/${ns}/configmaps`);
  const json: unknown = JSON.parse(text);
  return String(at(json, 'metadata', 'resourceVersion'));
}

it('it is away until it is started, and has kept what was stored', async () => {
  await world.create(map('kept'));
  await world.stopApiServer();
  await expect(world.send('/readyz')).rejects.toThrow();
  await world.startApiServer();
  await eventually('it has kept the ConfigMap', () => world.get('ConfigMap', 'kept', ns));
});

it('a watch from before is too old, once it has forgotten', async () => {
  const old = await listVersion();
  for (const name of ['a', 'b', 'c']) await world.create(map(name));
  await world.compact();
  await world.restartApiServer();
  await eventually('it answers', async () => (await world.send('/readyz')).status === 200);
  const path = `/api/v1/namespaces/${ns}/configmaps?watch=1&timeoutSeconds=2&resourceVersion=${old}`;
  const { text } = await world.send(path);
  expect(text).toContain('"code":410');
});
