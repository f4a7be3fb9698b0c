// What has to be in a cluster before an object can be.
import type { Manifest } from '#constructs/kit/manifest.ts';

export const isNamespace = ({ apiVersion, kind }: Manifest) => apiVersion === 'v1' && kind === 'Namespace';

export const isDefinition = ({ apiVersion, kind }: Manifest) =>
  kind === 'CustomResourceDefinition' && apiVersion.startsWith('apiextensions.k8s.io/');

/** API group of an object; empty for the core. */
export function groupOf({ apiVersion }: Manifest): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

/** The definition's name is `<plural>.<group>`. */
const definedGroup = ({ metadata: { name } }: Manifest) => name.slice(name.indexOf('.') + 1);

/** Whether `object` can't exist before `other`: its namespace, or the definition of its group's kinds. */
export function needs(object: Manifest, other: Manifest): boolean {
  if (isNamespace(other)) return object.metadata.namespace === other.metadata.name;
  return isDefinition(other) && definedGroup(other) === groupOf(object);
}
