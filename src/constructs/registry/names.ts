// Names of the objects of a bundled registry, all in its namespace, and how they are marked.
import { LABELS, PLATFORM } from '#api/labels.ts';
import { DEFAULT_OPERATOR_CONFIG } from '#api/operator-config.ts';

/** Of the Deployment, its account, its Service and its volume. */
export const REGISTRY = 'registry';

export const REGISTRY_PORTS = { api: 5000, metrics: 5001 } as const;

export const REGISTRY_SELECTOR: Readonly<Record<string, string>> = { [LABELS.name]: REGISTRY };

export interface RegistryMetadata {
  name: string;
  namespace: string;
  labels: Record<string, string>;
}

export function registryMetadata(namespace: string, name = REGISTRY): RegistryMetadata {
  return { name, namespace, labels: { [LABELS.partOf]: PLATFORM, ...REGISTRY_SELECTOR } };
}

/** Names under which pods of a cluster reach the Service, the longest first. */
export function registryNames(
  namespace: string,
  clusterDomain: string = DEFAULT_OPERATOR_CONFIG.clusterDomain,
): readonly [string, ...string[]] {
  const inNamespace = `${REGISTRY}.${namespace}`;
  return [`${inNamespace}.svc.${clusterDomain}`, `${inNamespace}.svc`, inNamespace];
}
