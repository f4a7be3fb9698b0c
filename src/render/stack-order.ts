// Which stacks have to be there before others: those that define their kinds and make their namespaces, those that the
// program itself says come first, and for servers the one that runs the operator.
import { API_GROUP } from '#api/kind.ts';
import { NAMESPACES } from '#api/names.ts';
import type { Problem } from '#api/result.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { OPERATOR } from '#constructs/control-plane/names.ts';
import { groupOf, isDefinition, isNamespace, needs } from './needs.ts';
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

/** Of many objects, one for each answer that `needs` can give. */
function samples(manifests: readonly Manifest[]): readonly Manifest[] {
  const byAnswer = new Map(
    manifests.map((each) => [`${groupOf(each)} ${each.metadata.namespace ?? ''}`, each]),
  );
  return [...byAnswer.values()];
}

export function stackOrder({ charts }: SynthesisedProgram): StackOrder {
  const stacks = charts.map((chart) => {
    const manifests = manifestsOf(chart);
    const foundation = manifests.filter((each) => isNamespace(each) || isDefinition(each));
    const hasOperator = manifests.some(isOperator);
    return { chart, foundation, hasOperator, wants: samples(manifests) };
  });
  return new Map(
    stacks.map(({ chart, wants }) => {
      const before = stacks.filter(
        (other) =>
          other.chart !== chart &&
          (chart.dependsOn.includes(other.chart.name) ||
            wants.some((object) => other.foundation.some((each) => needs(object, each))) ||
            (other.hasOperator && wants.some(isOurs))),
      );
      return [chart.name, before.map((other) => other.chart.name).sort(byText)];
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
