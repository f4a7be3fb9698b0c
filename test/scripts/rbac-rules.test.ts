import { describe, expect, it } from '@jest/globals';
import type { Permission } from '#api/permission.ts';
import { rbacRules, rulesFile } from '#scripts/rbac-rules.ts';
import { root } from '#scripts/generated-files.ts';

const PERMISSIONS: readonly Permission[] = [
  { group: 'apps', resource: 'deployments', verbs: ['watch', 'list'], reason: 'They are watched.' },
  { group: 'apps', resource: 'deployments', verbs: ['patch'], reason: 'They are mended.' },
  { group: '', resource: 'pods', verbs: ['list', 'watch'], reason: 'They are watched.' },
  { group: 'apps', resource: 'replicasets', verbs: ['list', 'watch', 'patch'], reason: 'They are mended.' },
  { group: '', resource: 'secrets', verbs: ['get'], names: ['b', 'a'], reason: 'One is read.' },
  { group: '', resource: 'configmaps', verbs: ['list', 'watch'], reason: 'They are watched.' },
  { group: 'apps', resource: 'deployments', verbs: ['get'], scope: 'platform', reason: 'One is read.' },
];

describe('the rules of a role', () => {
  it('are one for all that may be done in the same ways, in the order of names', () => {
    expect(rbacRules(PERMISSIONS, 'cluster')).toEqual([
      {
        apiGroups: [''],
        resources: ['configmaps', 'pods'],
        verbs: ['list', 'watch'],
        reasons: ['configmaps, pods: They are watched.'],
      },
      {
        apiGroups: [''],
        resources: ['secrets'],
        resourceNames: ['a', 'b'],
        verbs: ['get'],
        reasons: ['secrets: One is read.'],
      },
      {
        apiGroups: ['apps'],
        resources: ['deployments', 'replicasets'],
        verbs: ['list', 'watch', 'patch'],
        reasons: ['deployments, replicasets: They are mended.', 'deployments: They are watched.'],
      },
    ]);
  });

  it('keep what is allowed in one namespace apart', () => {
    expect(rbacRules(PERMISSIONS, 'platform')).toEqual([
      {
        apiGroups: ['apps'],
        resources: ['deployments'],
        verbs: ['get'],
        reasons: ['deployments: One is read.'],
      },
    ]);
  });

  it('never allow all objects where one permission names some', () => {
    const named: readonly Permission[] = [
      { group: '', resource: 'secrets', verbs: ['get'], names: ['a'], reason: 'One is read.' },
      { group: '', resource: 'secrets', verbs: ['list'], reason: 'They are counted.' },
    ];
    const rules = rbacRules(named, 'cluster');
    expect(rules.map(({ resourceNames, verbs }) => [resourceNames, verbs])).toEqual([
      [undefined, ['list']],
      [['a'], ['get']],
    ]);
  });

  it('are the same file for the same permissions in another order', async () => {
    const wanted = { file: 'src/rules.ts', program: 'runtime/example', prefix: 'EXAMPLE' };
    const file = await rulesFile(root, { ...wanted, permissions: PERMISSIONS });
    expect(await rulesFile(root, { ...wanted, permissions: [...PERMISSIONS].reverse() })).toBe(file);
    expect(file).toMatchSnapshot();
  });
});
