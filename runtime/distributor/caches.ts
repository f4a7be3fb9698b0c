// Everything the distributor watches: what policy is made of, the pods that may ask for it, and its own certificate. It
// reads and never writes; of what it reads it keeps what it needs, because it serves a thousand servers in little memory.
import { LABELS, PLATFORM } from '#api/labels.ts';
import { DISTRIBUTOR } from '#api/names.ts';
import type { Permission } from '#api/permission.ts';
import { withoutBookkeeping } from '#runtime/kube/bookkeeping.ts';
import { at } from '#runtime/kube/json-path.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { Reflector, type ReflectorOptions } from '#runtime/kube/reflector.ts';
import { CONFIG_MAP, GRANT, POD, SECRET, SERVER, SESSION } from '#runtime/policy-book/kinds.ts';
import { GRANT_INDEXERS, SESSION_INDEXERS } from '#runtime/policy-book/policy-book.ts';
import { TOMBSTONE_LABEL } from '#runtime/policy-book/tombstone-map.ts';

const READ = ['list', 'watch'] as const;

export const PERMISSIONS: readonly Permission[] = [
  ...[SERVER, GRANT, SESSION].map(({ group, resource }) => ({
    group,
    resource,
    verbs: READ,
    reason: 'What policy is made of.',
  })),
  {
    group: CONFIG_MAP.group,
    resource: CONFIG_MAP.resource,
    verbs: READ,
    reason: 'Records of revoked sessions; only ConfigMaps with their label are asked for.',
  },
  {
    group: POD.group,
    resource: POD.resource,
    verbs: READ,
    reason:
      'Which server the pod of a proxy belongs to, and where its server could be reached past the proxy.',
  },
  {
    group: SECRET.group,
    resource: SECRET.resource,
    verbs: READ,
    names: [DISTRIBUTOR.tlsSecret],
    scope: 'platform',
    reason: 'The serving certificate, which is replaced while the program runs.',
  },
];

export interface DistributorCaches {
  readonly servers: Reflector;
  readonly grants: Reflector;
  readonly sessions: Reflector;
  /** ConfigMaps with tombstones. */
  readonly tombstones: Reflector;
  /** Pods of servers. */
  readonly pods: Reflector;
  /** The one Secret. */
  readonly certificates: Reflector;
}

/** What policy is made of, and nothing of what became of it. */
function specOnly(object: KubeObject): KubeObject {
  return { ...withoutBookkeeping(object), status: undefined };
}

/** Whose it is, where it is, and whether it is ready. */
function podSummary({ apiVersion, kind, metadata, status }: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, labels } = metadata;
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(labels !== undefined && { labels }),
    },
    status: { podIP: at(status, 'podIP'), conditions: at(status, 'conditions') },
  };
}

/** Caches that are empty until they are started. */
export function createCaches(
  common: Pick<ReflectorOptions, 'source' | 'log' | 'clock'>,
  namespace: string,
): DistributorCaches {
  const watch = (options: Omit<ReflectorOptions, 'source' | 'log'>) =>
    new Reflector({ ...common, transform: withoutBookkeeping, ...options });
  return {
    servers: watch({ type: SERVER, transform: specOnly }),
    grants: watch({ type: GRANT, indexers: GRANT_INDEXERS, transform: specOnly }),
    sessions: watch({ type: SESSION, indexers: SESSION_INDEXERS, transform: specOnly }),
    tombstones: watch({ type: CONFIG_MAP, select: { labelSelector: `${TOMBSTONE_LABEL}=true` } }),
    pods: watch({
      type: POD,
      select: { labelSelector: `${LABELS.managedBy}=${PLATFORM}` },
      transform: podSummary,
    }),
    certificates: watch({
      type: SECRET,
      select: { namespace, fieldSelector: `metadata.name=${DISTRIBUTOR.tlsSecret}` },
    }),
  };
}
