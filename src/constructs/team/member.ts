// Whom a team's namespace is opened to, in the words of RBAC.
import type { RbacSubject } from '#constructs/kit/rbac.ts';

export type Member = RbacSubject;

export const Member = {
  /** Everybody whom the cluster's authentication puts into a group. */
  group: (name: string): Member => ({ kind: 'Group', name }),
  user: (name: string): Member => ({ kind: 'User', name }),
  /** A program, such as a pipeline that deploys. */
  serviceAccount: (namespace: string, name: string): Member => ({ kind: 'ServiceAccount', name, namespace }),
} as const;
