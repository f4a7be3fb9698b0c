// What of the spec has no effect: annotations that the class does not take, names that were merged, and tools that
// can't be called because nobody declared what they do. None of it keeps a server from being ready.
import { CONDITION_REASONS } from '#api/conditions.ts';
import type { Problem } from '#api/result.ts';
import { holds, off, type Finding } from './finding.ts';
import type { Scene } from './scene.ts';

const MOST_PROBLEMS = 20;

function toolsWithoutSideEffect({ input }: Scene): readonly Problem[] {
  if (input.resolved.gateway === undefined) return [];
  return (input.server.spec.tools ?? []).flatMap(({ name, sideEffect }, index) =>
    sideEffect === undefined
      ? [
          {
            path: `spec.tools[${index}].sideEffect`,
            message: `is not declared for ${name}, so every call of it is denied (tool_side_effect_unknown)`,
          },
        ]
      : [],
  );
}

export function honouredFinding(scene: Scene): Finding {
  const { warnings } = scene.observed;
  const told = new Set(warnings.map(({ path }) => path));
  const problems = [...warnings, ...toolsWithoutSideEffect(scene).filter(({ path }) => !told.has(path))];
  if (problems.length === 0) return holds('Everything in the spec has its effect');
  const named = problems.slice(0, MOST_PROBLEMS).map(({ path, message }) => `${path} ${message}`);
  const rest = problems.length - named.length;
  return off(CONDITION_REASONS.PARTLY_IGNORED, [...named, ...(rest > 0 ? [`${rest} more`] : [])].join('; '));
}
