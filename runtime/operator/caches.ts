// Everything the operator watches. Children are watched by the label that all of them carry, so that the rest of a
// cluster costs nothing; of pods and others that are only read, what nobody reads is dropped on arrival, and what is
// alike in many objects is kept once.
import { LABELS, PLATFORM } from '#api/labels.ts';
import type { Permission } from '#api/permission.ts';
import { withoutBookkeeping } from '#runtime/kube/bookkeeping.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import type { KubeObject, ResourceType } from '#runtime/kube/object.ts';
import { Reflector, type ReflectorOptions } from '#runtime/kube/reflector.ts';
import { Sharing } from '#runtime/kube/sharing.ts';
import { Turns } from '#runtime/kube/turns.ts';
import { CONFIG_MAP, GRANT, POD, SERVER, SESSION } from '#runtime/policy-book/kinds.ts';
import { GRANT_INDEXERS, SESSION_INDEXERS } from '#runtime/policy-book/policy-book.ts';
import { at, listAt } from '#runtime/kube/json-path.ts';
import { isRecord } from '#runtime/kube/json.ts';
import { OWNER_INDEX, ownerUidsOf } from './server/live-objects.ts';
import { SERVER_INDEX, serverOfLabels } from './server/observe.ts';
import { SHARED_SERVICE_ACCOUNT } from './server/render.ts';
import {
  CHILD_TYPES,
  CRD,
  GATEWAY,
  HTTP_ROUTE,
  INGRESS_CLASS,
  REPLICA_SET,
  SERVICE_ACCOUNT,
} from './kinds.ts';

const OURS = `${LABELS.managedBy}=${PLATFORM}`;
const READ = ['list', 'watch'] as const;

const reads = ({ group, resource }: ResourceType, reason: string): Permission => ({
  group,
  resource,
  verbs: READ,
  reason,
});

export const PERMISSIONS: readonly Permission[] = [
  ...[SERVER, GRANT, SESSION].map((type) => reads(type, 'The resources that say what is wanted.')),
  ...CHILD_TYPES.map((type) =>
    reads(type, 'Children of servers, to see where they differ from what is wanted.'),
  ),
  ...[POD, REPLICA_SET].map((type) => reads(type, 'Whether pods run, and what keeps them from it.')),
  reads(INGRESS_CLASS, 'Which controller serves a class, and whether there is one.'),
  reads(GATEWAY, 'Whether the Gateway of a route listens.'),
  reads(CRD, 'Whether the schemas in the cluster are those of this version.'),
];

export interface OperatorCaches {
  readonly servers: Cache;
  readonly grants: Cache;
  readonly sessions: Cache;
  /** ConfigMaps of the platform: policies of servers, and tombstones. */
  readonly configMaps: Cache;
  readonly children: ReadonlyMap<ResourceType, Cache>;
  readonly pods: Cache;
  readonly replicaSets: Cache;
  readonly ingressClasses: Cache;
  readonly sharedAccounts: Cache;
  readonly gateways: Cache;
  readonly definitions: Cache;
}

/** The caches with what fills them. */
export interface WatchedCaches extends OperatorCaches {
  readonly reflectors: readonly Reflector[];
}

/** A child with who owns its fields, but not who owns its status. */
function withOwnersOfSpec(child: KubeObject): KubeObject {
  const managedFields = child.metadata.managedFields?.filter(({ subresource }) => subresource !== 'status');
  return { ...child, metadata: { ...child.metadata, ...(managedFields !== undefined && { managedFields }) } };
}

/** A ReplicaSet is asked whose it is, and how old; its template is the Deployment's. */
function replicaSetSummary({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  return withoutBookkeeping({ apiVersion, kind, metadata });
}

/** Name and image of the containers, and the status. */
function podSummary(pod: KubeObject): KubeObject {
  const containers = listAt(pod, 'spec', 'containers')
    .filter(isRecord)
    .map(({ name, image }) => ({ name, image }));
  const spec = { containers, nodeName: at(pod, 'spec', 'nodeName') };
  return { ...withoutBookkeeping(pod), spec };
}

/** A definition without its schema, which is most of it. */
function definitionSummary(definition: KubeObject): KubeObject {
  return { ...withoutBookkeeping(definition), spec: undefined };
}

const byOwner = { [OWNER_INDEX]: ownerUidsOf };
const byServer = { [SERVER_INDEX]: serverOfLabels };

type Watch = Omit<ReflectorOptions, 'source' | 'log' | 'clock'>;

/** Children of one kind, found by their owner. */
function childWatch(type: ResourceType): Watch {
  return {
    type,
    select: { labelSelector: OURS },
    indexers: byOwner,
    optional: type === HTTP_ROUTE,
    transform: withOwnersOfSpec,
  };
}

/** Kinds that are listed at once. */
const LISTS = 2;

/** Caches of everything, empty until their reflectors are started. */
export function createCaches(common: Pick<ReflectorOptions, 'source' | 'log' | 'clock'>): WatchedCaches {
  const reflectors: Reflector[] = [];
  const sharing = new Sharing();
  const turns = new Turns(LISTS);
  const watch = (options: Watch): Reflector => {
    const { transform = (object: KubeObject) => object } = options;
    const reflector = new Reflector({
      ...common,
      ...options,
      turns,
      transform: (object) => sharing.share(transform(object)),
    });
    reflectors.push(reflector);
    return reflector;
  };
  const children = new Map(CHILD_TYPES.map((type) => [type, watch(childWatch(type))] as const));
  const configMaps = children.get(CONFIG_MAP);
  if (configMaps === undefined) throw new TypeError('ConfigMaps are no children');
  return {
    servers: watch({ type: SERVER, transform: withoutBookkeeping }),
    grants: watch({ type: GRANT, indexers: GRANT_INDEXERS, transform: withoutBookkeeping }),
    sessions: watch({ type: SESSION, indexers: SESSION_INDEXERS, transform: withoutBookkeeping }),
    configMaps,
    children,
    pods: watch({
      type: POD,
      select: { labelSelector: OURS },
      indexers: byServer,
      transform: podSummary,
    }),
    replicaSets: watch({
      type: REPLICA_SET,
      select: { labelSelector: OURS },
      indexers: byServer,
      transform: replicaSetSummary,
    }),
    ingressClasses: watch({ type: INGRESS_CLASS, transform: withoutBookkeeping }),
    sharedAccounts: watch({
      type: SERVICE_ACCOUNT,
      select: { fieldSelector: `metadata.name=${SHARED_SERVICE_ACCOUNT}` },
      transform: withoutBookkeeping,
    }),
    gateways: watch({ type: GATEWAY, transform: withoutBookkeeping, optional: true }),
    definitions: watch({
      type: CRD,
      select: { labelSelector: `${LABELS.partOf}=${PLATFORM}` },
      transform: definitionSummary,
    }),
    reflectors,
  };
}
