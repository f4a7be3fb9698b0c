// Metadata of the platform's own objects. None of them says `managed-by: mcp-runtime`: that is the mark of what the
// operator makes, which nobody else may write; these are applied by whoever installs the platform.
import { LABELS, PLATFORM } from '#api/labels.ts';
import { DISTRIBUTOR, NAMESPACES } from '#api/names.ts';

type Labels = Readonly<Record<string, string>>;

/** The label that finds the operator's pods. Selectors can't change, so it is the one operators have had before. */
export const OPERATOR_SELECTOR: Labels = { 'control-plane': 'controller-manager' };

/** The label that finds the pods of the distributor. */
export const DISTRIBUTOR_SELECTOR: Labels = { [LABELS.name]: DISTRIBUTOR.deployment };

export const PLATFORM_LABELS: Labels = { [LABELS.partOf]: PLATFORM };

export const OPERATOR_LABELS: Labels = { ...PLATFORM_LABELS, [LABELS.name]: 'mcp-runtime-operator' };

export const DISTRIBUTOR_LABELS: Labels = { ...PLATFORM_LABELS, ...DISTRIBUTOR_SELECTOR };

export interface PlatformMetadata {
  name: string;
  namespace?: string;
  labels: Record<string, string>;
}

/** Of an object in the platform's namespace. */
export function platformMetadata(name: string, labels: Labels = PLATFORM_LABELS): PlatformMetadata {
  return { name, namespace: NAMESPACES.platform, labels: { ...labels } };
}

/** Of an object in no namespace. */
export function clusterMetadata(name: string, labels: Labels = PLATFORM_LABELS): PlatformMetadata {
  return { name, labels: { ...labels } };
}
