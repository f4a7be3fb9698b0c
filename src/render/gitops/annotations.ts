// What GitOps tools have to know of single objects. Each tool reads its own annotations and no other's, so one output
// serves both; nothing of it is in the other ways out.
//
// Grants and sessions are applied with the servers and not after them: a later wave waits until the servers are healthy,
// and what withdraws access must never wait for a server that does not start.
import { API_GROUP } from '#api/kind.ts';
import { NAMESPACES } from '#api/names.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { groupOf, isDefinition, isNamespace, isVolumeClaim } from '../needs.ts';

/** Argo CD begins with the lowest, and waits until a wave is healthy before the next. Others are in wave 0. */
export const WAVES = { foundation: -3, platform: -2, sentinel: -1, others: 0, servers: 1 } as const;

export function waveOf(manifest: Manifest): number {
  if (isDefinition(manifest) || isNamespace(manifest)) return WAVES.foundation;
  if (groupOf(manifest) === API_GROUP) return WAVES.servers;
  const { namespace } = manifest.metadata;
  if (namespace === NAMESPACES.platform) return WAVES.platform;
  // The sentinel has cluster-wide objects too. Nothing waits for them but its pods, which come later.
  if (namespace === undefined) return WAVES.platform;
  return namespace === NAMESPACES.sentinel ? WAVES.sentinel : WAVES.others;
}

const WAVE = 'argocd.argoproj.io/sync-wave';
const SYNC_OPTIONS = 'argocd.argoproj.io/sync-options';
const FLUX_PRUNE = 'kustomize.toolkit.fluxcd.io/prune';

/**
 * With a definition go all objects of its kind, and with a namespace all that is in it: the Secrets that people put
 * there, the volume with the audit events; and with a claim goes its volume. None is removed because a file is; somebody has to do it by hand.
 */
function keeping(manifest: Manifest): Readonly<Record<string, string>> {
  if (isDefinition(manifest)) {
    // Larger than the annotation in which a client-side apply keeps its last state.
    return { [SYNC_OPTIONS]: 'Prune=false,Delete=false,ServerSideApply=true', [FLUX_PRUNE]: 'disabled' };
  }
  const isKept = isNamespace(manifest) || isVolumeClaim(manifest);
  return isKept ? { [SYNC_OPTIONS]: 'Prune=false', [FLUX_PRUNE]: 'disabled' } : {};
}

/** The object with what GitOps tools read. What the program says itself stays. */
export function annotated(manifest: Manifest): Manifest {
  const wave = waveOf(manifest);
  const ours = { ...(wave !== 0 && { [WAVE]: String(wave) }), ...keeping(manifest) };
  if (Object.keys(ours).length === 0) return manifest;
  const annotations = { ...ours, ...manifest.metadata.annotations };
  return { ...manifest, metadata: { ...manifest.metadata, annotations } };
}
