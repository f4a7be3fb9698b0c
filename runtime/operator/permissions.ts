// All that the operator may do, for whoever renders its roles and for the test that compares them with what it does.
import { CRD, GATEWAY, CHILD_TYPES, INGRESS_CLASS, LEASE, POD, REPLICA_SET, SECRET } from './kinds.ts';
import { GRANT, SERVER, SESSION } from './kinds.ts';
import type { Permission, Verb } from '#api/permission.ts';
import type { ResourceType } from '#runtime/kube/object.ts';

const READ = ['list', 'watch'] as const;

const may = ({ group, resource }: ResourceType, verbs: readonly Verb[], reason: string): Permission => ({
  group,
  resource,
  verbs,
  reason,
});

const status = (type: ResourceType): Permission =>
  may(
    { ...type, resource: `${type.resource}/status` },
    ['update'],
    'What was found is reported where its author looks.',
  );

const WANTED = 'The resources that say what is wanted.';
const CHILDREN = 'Children of servers are made, kept as they are wanted, and removed with what they are for.';

export const OPERATOR_PERMISSIONS: readonly Permission[] = [
  ...[SERVER, GRANT].map((type) => may(type, READ, WANTED)),
  may(SESSION, [...READ, 'delete'], `${WANTED} Sessions that ended go after ttlSecondsAfterExpired.`),
  ...[SERVER, GRANT, SESSION].map(status),
  may(
    { ...SERVER, resource: `${SERVER.resource}/finalizers` },
    ['update'],
    'Children block the deletion of their server, for which clusters with OwnerReferencesPermissionEnforcement ask.',
  ),
  ...CHILD_TYPES.map((type) => may(type, [...READ, 'create', 'patch', 'delete'], CHILDREN)),
  ...[POD, REPLICA_SET].map((type) => may(type, READ, 'Whether pods run, and what keeps them from it.')),
  may(INGRESS_CLASS, READ, 'Which controller serves a class, and whether there is one.'),
  may(GATEWAY, READ, 'Whether the Gateway of a route listens.'),
  may(CRD, READ, 'Whether the schemas in the cluster are those of this version.'),
  {
    ...may(
      SECRET,
      ['get', 'create', 'patch'],
      "The pull secret of the platform's registry is kept up to date.",
    ),
    names: ['mcp-runtime-registry-pull'],
  },
  {
    group: 'events.k8s.io',
    resource: 'events',
    verbs: ['create', 'patch'],
    reason: 'What happens to servers, grants and sessions is told as Events.',
  },
  {
    ...may(LEASE, ['get', 'create', 'update'], 'One of the replicas works; which one, the lease says.'),
    scope: 'platform',
  },
];
