// Everything that is in the cluster, of every kind that the API server lists: what is there after an installation was
// removed and was not before it came is left of it, whatever it is called and whoever made it.
import { cluster } from '#test/cluster/harness/cluster.ts';
import { until } from '#test/cluster/harness/eventually.ts';
import { isKubeObject } from '#test/cluster/harness/objects.ts';
import { keyOf } from './applied.ts';

/** Events are a log, which ages by itself. */
const isCounted = (resource: string) => resource !== '' && !/^events(\.|$)/.test(resource);

async function resources(): Promise<readonly string[]> {
  const { stdout } = await cluster().kubectl(['api-resources', '--verbs=list', '-o', 'name']);
  return stdout.split('\n').filter(isCounted);
}

/** Keys as of `keyOf`, definitions and admission policies among them. */
export async function inventory(): Promise<ReadonlySet<string>> {
  const kinds = (await resources()).join(',');
  const { stdout } = await cluster().kubectl(['get', kinds, '-A', '--ignore-not-found', '-o', 'json']);
  const json: unknown = JSON.parse(stdout);
  if (typeof json !== 'object' || json === null || !('items' in json) || !Array.isArray(json.items))
    throw new Error('kubectl returned no list');
  return new Set(json.items.filter(isKubeObject).map(keyOf));
}

/** Waits until there is nothing that was not there then. */
export async function nothingIsLeft(before: ReadonlySet<string>): Promise<void> {
  await until(
    'nothing is left',
    () => moreThan(before),
    (left) => left.length === 0,
    { timeoutMs: 90_000, everyMs: 1_000 },
  );
}

/** What there is now and was not then, sorted. */
export async function moreThan(before: ReadonlySet<string>): Promise<readonly string[]> {
  return [...(await inventory())].filter((key) => !before.has(key)).toSorted();
}
