// Names of the objects that run the sentinel, all but the cluster-wide ones in its namespace, and how they are marked.
import { LABELS, PLATFORM } from '#api/labels.ts';
import { NAMESPACES } from '#api/names.ts';
import { SENTINEL_PORTS } from '#api/sentinel-config.ts';

type Labels = Readonly<Record<string, string>>;

/** Of the StatefulSet, its account, its Service and its roles. */
export const SENTINEL = 'mcp-sentinel';

/** Of the claim of its backups. */
export const BACKUPS = 'mcp-sentinel-backups';

/** The label that finds the pod. */
export const SENTINEL_SELECTOR: Labels = { [LABELS.name]: SENTINEL };

/** Without `managed-by`, the mark of what the operator makes: these are applied by whoever installs the platform. */
export const SENTINEL_LABELS: Labels = { [LABELS.partOf]: PLATFORM, ...SENTINEL_SELECTOR };

export interface SentinelMetadata {
  name: string;
  namespace?: string;
  labels: Record<string, string>;
}

export function sentinelMetadata(name = SENTINEL): SentinelMetadata {
  return { name, namespace: NAMESPACES.sentinel, labels: { ...SENTINEL_LABELS } };
}

/** Of an object in no namespace. */
export function clusterMetadata(name = SENTINEL): SentinelMetadata {
  return { name, labels: { ...SENTINEL_LABELS } };
}

/** Names under which pods of a cluster reach the Service, the longest first. */
export function serviceNames(clusterDomain: string): readonly [string, ...string[]] {
  const inNamespace = `${SENTINEL}.${NAMESPACES.sentinel}`;
  return [`${inNamespace}.svc.${clusterDomain}`, `${inNamespace}.svc`, inNamespace, SENTINEL];
}

/** Where proxies of the cluster send what they recorded. */
export function ingestUrl(clusterDomain: string): string {
  return `http://${serviceNames(clusterDomain)[0]}:${SENTINEL_PORTS.ingest}/events`;
}
