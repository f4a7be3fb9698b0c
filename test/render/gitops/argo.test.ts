import { describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import type { ArgoShape } from '#render/gitops/argo.ts';
import { ARGO_HEALTH, HEALTH_SCRIPT } from '#render/gitops/argo-health.ts';
import { renderGitOps } from '#render/gitops/gitops.ts';
import { synthesise } from '#render/synthesise.ts';
import { wholePlatform } from '../programs.ts';

const program = synthesise(wholePlatform('notes'));

function fileOf(name: string, shape: ArgoShape, path = 'deploy'): unknown {
  const argo = {
    shape,
    path,
    name: 'platform',
    repository: 'https://git.example.org/a.git',
    revision: 'main',
  };
  const file = renderGitOps(program, { argo }).find((each) => each.path === `argocd/${name}.yaml`);
  if (file === undefined) throw new Error(`no file ${name}`);
  return parse(file.text);
}

describe('what Argo CD starts from', () => {
  it('is an Application over all stacks', () => {
    expect(fileOf('application', 'application')).toMatchObject({
      kind: 'Application',
      metadata: {
        name: 'platform',
        annotations: { 'argocd.argoproj.io/compare-options': 'ServerSideDiff=true' },
      },
      spec: {
        source: { repoURL: 'https://git.example.org/a.git', targetRevision: 'main', path: 'deploy' },
        syncPolicy: { syncOptions: expect.arrayContaining(['ServerSideApply=true']) },
      },
    });
  });

  it('is an ApplicationSet with one for each folder that is a stack', () => {
    const set = fileOf('applicationset', 'applicationset');
    expect(set).toMatchObject({
      kind: 'ApplicationSet',
      spec: {
        generators: [
          {
            git: {
              directories: [
                { path: 'deploy/*' },
                { path: 'deploy/argocd', exclude: true },
                { path: 'deploy/flux', exclude: true },
              ],
            },
          },
        ],
        template: {
          metadata: {
            name: 'platform-{{ .path.basenameNormalized }}',
            annotations: { 'argocd.argoproj.io/compare-options': 'ServerSideDiff=true' },
          },
          spec: {
            source: { path: '{{ .path.path }}' },
            syncPolicy: { syncOptions: expect.arrayContaining(['ServerSideApply=true']) },
          },
        },
      },
    });
  });

  it('finds the stacks in a repository that holds nothing else', () => {
    expect(fileOf('applicationset', 'applicationset', '.')).toMatchObject({
      spec: { generators: [{ git: { directories: [{ path: '*' }, { path: 'argocd' }, { path: 'flux' }] } }] },
    });
  });

  it('is not among the manifests, nor among the stacks', () => {
    const argo = { shape: 'application', path: '.', name: 'a', repository: 'r' } as const;
    const plain = renderGitOps(program);
    const others = renderGitOps(program, { argo }).filter(({ path }) => !path.startsWith('argocd/'));
    expect(others).toEqual(plain);
  });

  it('is told the health of every kind of ours, in a text that people can read', () => {
    expect(fileOf('health', 'application')).toEqual(ARGO_HEALTH);
    expect(Object.keys(ARGO_HEALTH.data)).toEqual([
      'resource.customizations.health.mcpruntime.org_MCPServer',
      'resource.customizations.health.mcpruntime.org_MCPAccessGrant',
      'resource.customizations.health.mcpruntime.org_MCPAgentSession',
    ]);
    expect(HEALTH_SCRIPT).not.toMatch(/[^\x20-\x7e\n]|[ \t]\n/);
  });
});
