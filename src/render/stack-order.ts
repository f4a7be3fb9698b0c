// Which stacks have to be there before others: those that define their kinds and make their namespaces, those that the
// program itself says come first, and for servers the one that runs the operator.
import { API_GROUP } from '#api/kind.ts';
import { NAMESPACES } from '#api/names.ts';
import type { Problem } from '#api/result.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { OPERATOR } from '#constructs/control-plane/names.ts';
import { Foundations } from './foundations.ts';
import { groupOf } from './needs.ts';
import { byText } from './rendered-file.ts';
import type { SynthesisedChart, SynthesisedProgram } from './synthesise.ts';

/** By the name of a stack, the names of those it waits for, in their order. */
export type StackOrder = ReadonlyMap<string, readonly string[]>;

const isOperator = ({ kind, metadata }: Manifest) =>
  kind === 'Deployment' &&
  metadata.name === OPERATOR.deployment &&
  metadata.namespace === NAMESPACES.platform;

const isOurs = (manifest: Manifest) => groupOf(manifest) === API_GROUP;

const manifestsOf = ({ objects }: SynthesisedChart) => objects.map(({ manifest }) => manifest);

/** Of many objects, one for each answer that `Foundations.neededBy` can give. */
function samples(manifests: readonly Manifest[]): readonly Manifest[] {
  const byAnswer = new Map(
    manifests.map((each) => [`${groupOf(each)} ${each.metadata.namespace ?? ''}`, each]),
  );
  return [...byAnswer.values()];
}

export function stackOrder({ charts }: SynthesisedProgram): StackOrder {
  const names = new Set(charts.map(({ name }) => name));
  const foundations = new Foundations<string>();
  const operators: string[] = [];
  for (const chart of charts) {
    const manifests = manifestsOf(chart);
    for (const manifest of manifests) foundations.add(manifest, chart.name);
    if (manifests.some(isOperator)) operators.push(chart.name);
  }
  return new Map(
    charts.map((chart) => {
      const wants = samples(manifestsOf(chart));
      const before = new Set([
        ...chart.dependsOn.filter((other) => names.has(other)),
        ...wants.flatMap((object) => foundations.neededBy(object)),
        ...(wants.some(isOurs) ? operators : []),
      ]);
      before.delete(chart.name);
      return [chart.name, [...before].sort(byText)];
    }),
  );
}

/** Stacks that wait for each other, so that none of them would ever be applied. */
export function orderProblems(order: StackOrder): readonly Problem[] {
  const reaches = (from: string, to: string, seen: Set<string>): boolean =>
    (order.get(from) ?? []).some((next) => {
      if (next === to) return true;
      if (seen.has(next)) return false;
      seen.add(next);
      return reaches(next, to, seen);
    });
  return [...order].flatMap(([stack, before]) =>
    before
      .filter((other) => reaches(other, stack, new Set()))
      .map((other) => ({
        path: stack,
        message: `and ${other} each need the other first; move what they share into a stack before both`,
      })),
  );
}
