import { describe, expect, it } from '@jest/globals';
import { OPERATOR_PERMISSIONS } from '#runtime/operator/permissions.ts';
import { OPERATOR_CLUSTER_RULES, OPERATOR_PLATFORM_RULES } from '#constructs/control-plane/operator-rules.ts';
import { objectOf, objectsOf, PROPS, rulesOf, WITH_REGISTRY, type ReadRule } from './build.ts';

const OPERATOR_ROLE = 'mcp-runtime-operator-role';

const roleRules = (name: string, props = WITH_REGISTRY) =>
  rulesOf(objectOf(objectsOf(props), 'ClusterRole', name));

const secretRules = (rules: readonly ReadRule[]) =>
  rules.filter(({ resources }) => resources.includes('secrets'));

const roles = objectsOf(WITH_REGISTRY).filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role');

describe('the roles of the operator', () => {
  it('hold what its code says it needs, and the right to write compiled policy', () => {
    expect(roleRules(OPERATOR_ROLE)).toEqual([
      ...OPERATOR_CLUSTER_RULES,
      { apiGroups: ['mcpruntime.org'], resources: ['mcpservers'], verbs: ['compile'] },
    ]);
    expect(rulesOf(objectOf(objectsOf(WITH_REGISTRY), 'Role'))).toEqual(OPERATOR_PLATFORM_RULES);
  });

  it('never write the spec of a grant, a session or a server', () => {
    const ours = OPERATOR_CLUSTER_RULES.filter(({ apiGroups }) => apiGroups.includes('mcpruntime.org'));
    const writes = ours.filter(({ verbs }) =>
      verbs.some((verb) => ['create', 'update', 'patch'].includes(verb)),
    );
    for (const { resources } of writes) {
      expect(resources.filter((resource) => !/\/(status|finalizers)$/.test(resource))).toEqual([]);
    }
    expect(writes).not.toEqual([]);
  });

  it('are bound to its account', () => {
    for (const kind of ['ClusterRoleBinding', 'RoleBinding']) {
      expect(objectOf(objectsOf(), kind)).toMatchObject({
        roleRef: { name: OPERATOR_ROLE },
        subjects: [
          {
            kind: 'ServiceAccount',
            name: 'mcp-runtime-operator-controller-manager',
            namespace: 'mcp-runtime',
          },
        ],
      });
    }
  });

  it('reach the pull secret under the name that it has here, and only where there is one to make', () => {
    const namesOf = (props = WITH_REGISTRY) =>
      secretRules(roleRules(OPERATOR_ROLE, props)).flatMap(({ resourceNames }) => resourceNames ?? []);
    expect(namesOf()).toEqual(['mcp-runtime-registry-pull']);
    const config = { ...WITH_REGISTRY.config, provisionedPullSecret: 'pull' };
    expect(namesOf({ ...WITH_REGISTRY, config })).toEqual(['pull']);
    expect(namesOf(PROPS)).toEqual([]);
  });

  it('list and watch no secrets, which would be to read all of them', () => {
    const rules = secretRules(roleRules(OPERATOR_ROLE));
    expect(rules).not.toEqual([]);
    for (const { verbs } of rules)
      expect(verbs.filter((verb) => ['list', 'watch', 'deletecollection'].includes(verb))).toEqual([]);
  });
});

describe('every role', () => {
  it.each(roles.map((role) => [`${role.kind} ${role.metadata.name}`, rulesOf(role)] as const))(
    '%s names what it allows, and lets nobody become more',
    (_name, rules) => {
      expect(rules.length).toBeGreaterThan(0);
      for (const { apiGroups, resources, verbs } of rules) {
        expect([...apiGroups, ...resources, ...verbs].filter((word) => word.includes('*'))).toEqual([]);
        expect(verbs.filter((verb) => ['escalate', 'bind', 'impersonate'].includes(verb))).toEqual([]);
        expect(apiGroups).not.toContain('rbac.authorization.k8s.io');
      }
    },
  );
});

describe('the permissions of the operator', () => {
  it.each(OPERATOR_PERMISSIONS.map((each) => [`${each.group}/${each.resource}`, each] as const))(
    'of %s have a reason, a sentence',
    (_name, { reason, verbs }) => {
      expect(reason).toMatch(/^[A-Z].{10,}\.$/s);
      expect(verbs.length).toBeGreaterThan(0);
    },
  );
});

describe('the roles for people', () => {
  const writes = ['create', 'update', 'patch', 'delete', 'deletecollection'];
  const reads = ['get', 'list', 'watch'];
  const may = (name: string) =>
    Object.fromEntries(
      roleRules(name).flatMap(({ resources, verbs }) =>
        resources.map((resource) => [resource, [...verbs].sort()] as const),
      ),
    );

  it('make a viewer of a namespace see all three kinds', () => {
    expect(objectOf(objectsOf(), 'ClusterRole', 'mcp-runtime-view').metadata.labels).toMatchObject({
      'rbac.authorization.k8s.io/aggregate-to-view': 'true',
    });
    expect(may('mcp-runtime-view')).toEqual({
      mcpservers: reads,
      mcpaccessgrants: reads,
      mcpagentsessions: reads,
    });
  });

  it('make an editor of a namespace write servers, and nothing about who may use them', () => {
    expect(objectOf(objectsOf(), 'ClusterRole', 'mcp-runtime-edit').metadata.labels).toMatchObject({
      'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
    });
    expect(may('mcp-runtime-edit')).toEqual({ mcpservers: [...writes].sort() });
  });

  it('let one grant, another consent, a third only take away', () => {
    expect(may('mcp-runtime-grantor')).toEqual({
      mcpaccessgrants: [...reads, ...writes].sort(),
      mcpservers: [...reads, 'grant'].sort(),
    });
    expect(may('mcp-runtime-consenter')).toEqual({
      mcpagentsessions: [...reads, ...writes].sort(),
      mcpservers: [...reads, 'consent'].sort(),
    });
    const takes = [...reads, 'patch', 'update'].sort();
    expect(may('mcp-runtime-revoker')).toEqual({ mcpaccessgrants: takes, mcpagentsessions: takes });
  });

  it('give to admins of a namespace no more than to its editors', () => {
    const aggregated = roles.flatMap(({ metadata }) =>
      Object.keys(metadata.labels ?? {}).filter((label) => label.includes('aggregate-to')),
    );
    expect(aggregated.sort()).toEqual([
      'rbac.authorization.k8s.io/aggregate-to-edit',
      'rbac.authorization.k8s.io/aggregate-to-view',
    ]);
  });
});
