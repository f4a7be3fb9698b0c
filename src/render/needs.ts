// What has to be in a cluster before an object can be.
import type { Manifest } from '#constructs/kit/manifest.ts';

export const isNamespace = ({ apiVersion, kind }: Manifest) => apiVersion === 'v1' && kind === 'Namespace';

export const isDefinition = ({ apiVersion, kind }: Manifest) =>
  kind === 'CustomResourceDefinition' && apiVersion.startsWith('apiextensions.k8s.io/');

/** A claim: what it holds is gone with it. */
export const isVolumeClaim = ({ apiVersion, kind }: Manifest) =>
  kind === 'PersistentVolumeClaim' && apiVersion === 'v1';

/** API group of an object; empty for the core. */
export function groupOf({ apiVersion }: Manifest): string {
  return apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : '';
}

/** Of a definition, whose name is `<plural>.<group>`. */
export const definedGroup = ({ metadata: { name } }: Manifest) => name.slice(name.indexOf('.') + 1);
