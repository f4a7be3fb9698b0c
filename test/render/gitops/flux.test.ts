import { describe, expect, it } from '@jest/globals';
import { parse as parseCel } from '@marcbachmann/cel-js';
import { parse } from 'yaml';
import { z } from 'zod';
import { HEALTH_EXPRESSIONS } from '#render/gitops/flux.ts';
import { renderGitOps } from '#render/gitops/gitops.ts';
import { synthesise } from '#render/synthesise.ts';
import { wholePlatform } from '../programs.ts';
import { STATED, type Verdict } from './statuses.ts';

const program = synthesise(wholePlatform('notes'));
const kustomization = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.looseObject({
    path: z.string(),
    dependsOn: z.array(z.object({ name: z.string() })).default([]),
    healthCheckExprs: z.array(z.object({ kind: z.string() })).optional(),
  }),
});

const kustomizations = (path: string) =>
  renderGitOps(program, { flux: { path, name: 'platform' } })
    .filter((file) => file.path.startsWith('flux/'))
    .map(({ text }) => kustomization.parse(parse(text)));

describe('what Flux starts from', () => {
  it('is a Kustomization for each stack, after those that it needs', () => {
    const all = kustomizations('clusters/one');
    expect(
      all.map(({ metadata, spec }) => [metadata.name, spec.path, spec.dependsOn.map(({ name }) => name)]),
    ).toEqual([
      ['platform-bootstrap', './clusters/one/bootstrap', []],
      ['platform-platform', './clusters/one/platform', []],
      ['platform-sentinel', './clusters/one/sentinel', []],
      ['platform-team-a', './clusters/one/team-a', ['platform-bootstrap', 'platform-platform']],
    ]);
    for (const { spec } of all) expect(spec).toMatchObject({ prune: true, wait: true });
    expect(kustomizations('.').map(({ spec }) => spec.path)).toContain('./team-a');
  });

  it('says when our kinds are healthy, where there are any', () => {
    const kinds = kustomizations('.').map(({ spec }) => spec.healthCheckExprs?.map(({ kind }) => kind));
    expect(kinds).toEqual([
      undefined,
      undefined,
      undefined,
      ['MCPServer', 'MCPAccessGrant', 'MCPAgentSession'],
    ]);
  });
});

const generations = z.object({
  metadata: z.object({ generation: z.number() }),
  status: z.object({ observedGeneration: z.number() }),
});

/** As Flux does: the generation first, then each expression. */
function verdictOf(object: object): Verdict {
  const { metadata, status } = generations.parse(object);
  if (metadata.generation !== status.observedGeneration) return 'progressing';
  const holds = (expression: string) => parseCel(expression)({ ...object }) === true;
  if (holds(HEALTH_EXPRESSIONS.failed)) return 'degraded';
  return holds(HEALTH_EXPRESSIONS.current) ? 'healthy' : 'progressing';
}

describe('the health checks of Flux', () => {
  it.each(STATED)('say of an object that is $what: $verdict', ({ object, verdict }) => {
    expect(verdictOf(object)).toBe(verdict);
  });
});
