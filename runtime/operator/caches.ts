// Everything the operator watches. Children are watched by the label that all of them carry, so that the rest of a
// cluster costs nothing; of pods and others that are only read, what nobody reads is dropped on arrival.
import { LABELS, PLATFORM } from '#api/labels.ts';
import type { Permission } from '#api/permission.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import type { KubeObject, ResourceType } from '#runtime/kube/object.ts';
import { Reflector, type ReflectorOptions } from '#runtime/kube/reflector.ts';
import { GRANT_INDEXERS, SESSION_INDEXERS } from './policy/policy-book.ts';
import { at, isRecord, listAt } from './server/json.ts';
import { OWNER_INDEX, ownerUidsOf } from './server/live-objects.ts';
import { SERVER_INDEX, serverOfLabels } from './server/observe.ts';
import { SHARED_SERVICE_ACCOUNT } from './server/render.ts';
import {
  CHILD_TYPES,
  CONFIG_MAP,
  CRD,
  GATEWAY,
  GRANT,
  HTTP_ROUTE,
  INGRESS_CLASS,
  POD,
  REPLICA_SET,
  SERVER,
  SERVICE_ACCOUNT,
  SESSION,
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

/** Only what somebody reads of an object that is never written. */
function withoutManagedFields(object: KubeObject): KubeObject {
  return { ...object, metadata: { ...object.metadata, managedFields: [] } };
}

/** Name and image of the containers, and the status. */
function podSummary(pod: KubeObject): KubeObject {
  const containers = listAt(pod, 'spec', 'containers')
    .filter(isRecord)
    .map(({ name, image }) => ({ name, image }));
  const spec = { containers, nodeName: at(pod, 'spec', 'nodeName') };
  return { ...withoutManagedFields(pod), spec };
}

/** A definition without its schema, which is most of it. */
function definitionSummary(definition: KubeObject): KubeObject {
  return { ...withoutManagedFields(definition), spec: undefined };
}

const byOwner = { [OWNER_INDEX]: ownerUidsOf };
const byServer = { [SERVER_INDEX]: serverOfLabels };

type Watch = Omit<ReflectorOptions, 'source' | 'log' | 'clock'>;

/** Caches of everything, empty until their reflectors are started. */
export function createCaches(common: Pick<ReflectorOptions, 'source' | 'log' | 'clock'>): WatchedCaches {
  const reflectors: Reflector[] = [];
  const watch = (options: Watch): Reflector => {
    const reflector = new Reflector({ ...common, ...options });
    reflectors.push(reflector);
    return reflector;
  };
  const children = new Map(
    CHILD_TYPES.map((type) => {
      const optional = type === HTTP_ROUTE;
      return [type, watch({ type, select: { labelSelector: OURS }, indexers: byOwner, optional })] as const;
    }),
  );
  const configMaps = children.get(CONFIG_MAP);
  if (configMaps === undefined) throw new TypeError('ConfigMaps are no children');
  return {
    servers: watch({ type: SERVER }),
    grants: watch({ type: GRANT, indexers: GRANT_INDEXERS }),
    sessions: watch({ type: SESSION, indexers: SESSION_INDEXERS }),
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
      transform: withoutManagedFields,
    }),
    ingressClasses: watch({ type: INGRESS_CLASS, transform: withoutManagedFields }),
    sharedAccounts: watch({
      type: SERVICE_ACCOUNT,
      select: { fieldSelector: `metadata.name=${SHARED_SERVICE_ACCOUNT}` },
      transform: withoutManagedFields,
    }),
    gateways: watch({ type: GATEWAY, transform: withoutManagedFields, optional: true }),
    definitions: watch({
      type: CRD,
      select: { labelSelector: `${LABELS.partOf}=${PLATFORM}` },
      transform: definitionSummary,
    }),
    reflectors,
  };
}
