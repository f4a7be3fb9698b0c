// Roles and their bindings, as plain objects.
import { ApiObject, Lazy } from 'cdk8s';
import { clusterScoped } from './cluster-scoped.ts';
import type { Construct } from 'constructs';
import type { RbacRule } from './rbac-rule.ts';

const GROUP = 'rbac.authorization.k8s.io';
const API_VERSION = `${GROUP}/v1`;

export interface RbacMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels: Record<string, string>;
}

/** Who is bound: the one kind of subject that the platform itself has. */
export interface ServiceAccountSubject {
  readonly name: string;
  readonly namespace: string;
}

export function addClusterRole(
  scope: Construct,
  id: string,
  metadata: RbacMetadata,
  rules: readonly RbacRule[],
): ApiObject {
  return clusterScoped(
    new ApiObject(scope, id, { apiVersion: API_VERSION, kind: 'ClusterRole', metadata, rules }),
  );
}

export function addRole(
  scope: Construct,
  id: string,
  metadata: RbacMetadata,
  rules: readonly RbacRule[],
): ApiObject {
  return new ApiObject(scope, id, { apiVersion: API_VERSION, kind: 'Role', metadata, rules });
}

const bindingOf = (role: ApiObject, { name, namespace }: ServiceAccountSubject) => ({
  roleRef: { apiGroup: GROUP, kind: role.kind, name: role.name },
  subjects: [{ kind: 'ServiceAccount', name, namespace }],
});

/** Gives the account what a ClusterRole holds, in every namespace. */
export function addClusterRoleBinding(
  scope: Construct,
  id: string,
  metadata: RbacMetadata,
  role: ApiObject,
  subject: ServiceAccountSubject,
): ApiObject {
  const binding = { apiVersion: API_VERSION, kind: 'ClusterRoleBinding', metadata };
  return clusterScoped(new ApiObject(scope, id, { ...binding, ...bindingOf(role, subject) }));
}

/** Gives the account what a role holds, in the namespace of the binding. */
export function addRoleBinding(
  scope: Construct,
  id: string,
  metadata: RbacMetadata,
  role: ApiObject,
  subject: ServiceAccountSubject,
): ApiObject {
  const binding = { apiVersion: API_VERSION, kind: 'RoleBinding', metadata };
  return new ApiObject(scope, id, { ...binding, ...bindingOf(role, subject) });
}

/** A person, a group of people or a program, as RBAC names them. */
export type RbacSubject =
  | { readonly kind: 'User' | 'Group'; readonly name: string }
  | { readonly kind: 'ServiceAccount'; readonly name: string; readonly namespace: string };

/**
 * Gives subjects what a ClusterRole of this name holds, in the namespace of the binding.
 * @param subjects called when the object is rendered
 */
export function addMembersBinding(
  scope: Construct,
  id: string,
  metadata: RbacMetadata,
  clusterRole: string,
  subjects: () => readonly RbacSubject[],
): ApiObject {
  const ofGroup = (subject: RbacSubject) =>
    subject.kind === 'ServiceAccount' ? subject : { apiGroup: GROUP, ...subject };
  const rendered: unknown = Lazy.any({ produce: () => subjects().map(ofGroup) });
  return new ApiObject(scope, id, {
    apiVersion: API_VERSION,
    kind: 'RoleBinding',
    metadata,
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: clusterRole },
    subjects: rendered,
  });
}
