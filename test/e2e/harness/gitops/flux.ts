// What Flux would do with the folder that `synth --flux` writes, from what stands in it: each Kustomization as soon as
// those that it depends on are healthy, its definitions and namespaces first, its health by the checks that it carries;
// and what an earlier state of it had and this one has not is pruned.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parse as parseCel } from '@marcbachmann/cel-js';
import { parse } from 'yaml';
import { z } from 'zod';
import { until } from '#test/cluster/harness/eventually.ts';
import { at, type KubeObject } from '#test/cluster/harness/objects.ts';
import { apply, build, keyOf, live, remove } from './applied.ts';
import { CURRENT, failed, kstatus, progressing, type Health } from './health.ts';

const MANAGER = 'kustomize-controller';

const kustomization = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.looseObject({
    path: z.string(),
    prune: z.boolean(),
    wait: z.literal(true),
    timeout: z.string().regex(/^\d+m$/),
    dependsOn: z.array(z.object({ name: z.string() })).default([]),
    healthCheckExprs: z
      .array(z.object({ apiVersion: z.string(), kind: z.string(), failed: z.string(), current: z.string() }))
      .default([]),
  }),
});

export type Kustomization = z.output<typeof kustomization>;

/** All of a folder, each after those that it depends on. */
export function kustomizationsOf(folder: string): readonly Kustomization[] {
  const files = readdirSync(path.join(folder, 'flux')).map((name) => path.join(folder, 'flux', name));
  const all = files.map((file) => kustomization.parse(parse(readFileSync(file, 'utf8'))));
  const sorted: Kustomization[] = [];
  const add = (each: Kustomization) => {
    if (sorted.includes(each)) return;
    for (const { name } of each.spec.dependsOn) {
      const before = all.find(({ metadata }) => metadata.name === name);
      if (before === undefined)
        throw new Error(`${each.metadata.name} depends on ${name}, which is not there`);
      add(before);
    }
    sorted.push(each);
  };
  for (const each of all) add(each);
  return sorted;
}

const comesFirst = ({ kind }: KubeObject) => ['CustomResourceDefinition', 'Namespace'].includes(kind);

const isKept = (object: KubeObject) =>
  at(object, 'metadata', 'annotations', 'kustomize.toolkit.fluxcd.io/prune') === 'disabled';

export class Flux {
  /** What was applied last, by the name of the Kustomization. */
  private readonly applied = new Map<string, readonly KubeObject[]>();

  /** Resolves when everything of the folder is applied and healthy. */
  async reconcile(folder: string): Promise<void> {
    const done = new Map<string, Promise<void>>();
    for (const each of kustomizationsOf(folder)) {
      const before = each.spec.dependsOn.map(({ name }) => done.get(name) ?? Promise.resolve());
      const work = async () => {
        await Promise.all(before);
        await this.reconcileOne(folder, each);
      };
      done.set(each.metadata.name, work());
    }
    await Promise.all(done.values());
  }

  private async reconcileOne(folder: string, { metadata: { name }, spec }: Kustomization): Promise<void> {
    const objects = await build(path.join(folder, spec.path));
    const patience = { timeoutMs: Number.parseInt(spec.timeout, 10) * 60_000, everyMs: 500 };
    const healthy = (some: readonly KubeObject[]) =>
      until(
        `everything of ${name} is healthy`,
        () => troubles(some, spec.healthCheckExprs),
        (all) => all.length === 0,
        patience,
      );
    await apply(objects.filter(comesFirst), MANAGER);
    await healthy(objects.filter(comesFirst));
    await apply(
      objects.filter((each) => !comesFirst(each)),
      MANAGER,
    );
    if (spec.prune) await this.prune(name, objects);
    this.applied.set(name, objects);
    await healthy(objects);
  }

  private async prune(name: string, objects: readonly KubeObject[]): Promise<void> {
    const wanted = new Set(objects.map(keyOf));
    const gone = (this.applied.get(name) ?? []).filter((each) => !wanted.has(keyOf(each)) && !isKept(each));
    for (const each of gone) await remove(each);
  }
}

type Checks = Kustomization['spec']['healthCheckExprs'];

/** What is not healthy, each in a line. Throws where waiting is no use. */
async function troubles(objects: readonly KubeObject[], checks: Checks): Promise<readonly string[]> {
  const found = await live(objects);
  const keys = new Set(found.map(keyOf));
  const missing = objects
    .filter((each) => !keys.has(keyOf(each)))
    .map((each) => `${keyOf(each)} is not there`);
  const states = found.map((each) => [keyOf(each), healthOf(each, checks)] as const);
  const lines = states.flatMap(([key, { state, message }]) =>
    state === 'current' ? [] : [`${key} ${state}: ${message}`],
  );
  return [...missing, ...lines];
}

/** By the expressions of its kind, which look at the generation that was observed; else by what all kinds say. */
function healthOf(object: KubeObject, checks: Checks): Health {
  const check = checks.find(
    ({ apiVersion, kind }) => apiVersion === object.apiVersion && kind === object.kind,
  );
  if (check === undefined) return kstatus(object);
  if (at(object, 'status', 'observedGeneration') !== object.metadata.generation)
    return progressing('has not been looked at');
  const says = (expression: string) => parseCel(expression)({ ...object }) === true;
  if (says(check.failed)) return failed(JSON.stringify(at(object, 'status', 'conditions')));
  return says(check.current) ? CURRENT : progressing(JSON.stringify(at(object, 'status', 'conditions')));
}
