// What Argo CD would do with the folder that `synth --argocd application` writes, from what stands in it: all objects in
// the waves of their annotations, each wave when the one before is healthy, our kinds by the scripts that come along.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import { until } from '#test/cluster/harness/eventually.ts';
import { at, type KubeObject } from '#test/cluster/harness/objects.ts';
import { Lua } from '#test/render/gitops/lua.ts';
import { apply, build, keyOf, live } from './applied.ts';
import { CURRENT, failed, kstatus, progressing, type Health } from './health.ts';

const MANAGER = 'argocd-controller';

const config = z.object({ data: z.record(z.string(), z.string()) });
const application = z.object({
  spec: z.object({
    source: z.object({ path: z.string() }),
    syncPolicy: z.object({ syncOptions: z.array(z.string()) }),
  }),
});

const waveOf = (object: KubeObject) =>
  Number(at(object, 'metadata', 'annotations', 'argocd.argoproj.io/sync-wave') ?? 0);

/** The waves of a folder, from the first to the last. */
export async function wavesOf(folder: string): Promise<readonly (readonly KubeObject[])[]> {
  const app = application.parse(read(folder, 'application'));
  const byWave = Map.groupBy(await build(path.join(folder, app.spec.source.path)), waveOf);
  return [...byWave].toSorted(([a], [b]) => a - b).map(([, objects]) => objects);
}

const read = (folder: string, name: string): unknown =>
  parse(readFileSync(path.join(folder, 'argocd', `${name}.yaml`), 'utf8'));

/** Resolves when everything of the folder is applied and healthy. */
export async function sync(folder: string): Promise<void> {
  const checks: Checks = { lua: await Lua.find(), scripts: config.parse(read(folder, 'health')).data };
  for (const [index, objects] of (await wavesOf(folder)).entries()) {
    await apply(objects, MANAGER);
    await until(
      `wave ${index + 1} is healthy`,
      () => troubles(objects, checks),
      (lines) => lines.length === 0,
      { timeoutMs: 300_000, everyMs: 500 },
    );
  }
}

interface Checks {
  readonly lua: Lua;
  /** By the keys of Argo CD's ConfigMap. */
  readonly scripts: Readonly<Record<string, string>>;
}

async function troubles(objects: readonly KubeObject[], checks: Checks): Promise<readonly string[]> {
  const found = await live(objects);
  const keys = new Set(found.map(keyOf));
  const lines = objects.filter((each) => !keys.has(keyOf(each))).map((each) => `${keyOf(each)} is not there`);
  for (const each of found) {
    const { state, message } = await healthOf(each, checks);
    if (state !== 'current') lines.push(`${keyOf(each)} ${state}: ${message}`);
  }
  return lines;
}

async function healthOf(object: KubeObject, { lua, scripts }: Checks): Promise<Health> {
  const group = object.apiVersion.split('/')[0] ?? '';
  const script = scripts[`resource.customizations.health.${group}_${object.kind}`];
  if (script === undefined) return kstatus(object);
  const { status, message } = await lua.healthOf(script, object);
  if (status === 'Healthy') return CURRENT;
  return status === 'Degraded' ? failed(message) : progressing(message);
}
