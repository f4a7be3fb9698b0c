// A pod template as plain JSON, which can say what Kubernetes 1.28 could not: the generated classes drop what they
// don't know, so their typed properties are rendered first and patched afterwards.
import { JsonPatch } from 'cdk8s';
import { toJson_PodTemplateSpec, type PodTemplateSpec } from 'cdk8s-plus-28/lib/imports/k8s.js';
import { plainCopy } from './custom-resource.ts';

/** Renders the typed part of a template, then changes it; paths of patches start at the template (`/spec/…`). */
export function podTemplateJson(spec: PodTemplateSpec, patches: readonly JsonPatch[] = []): unknown {
  const plain: unknown = JsonPatch.apply(plainCopy(toJson_PodTemplateSpec(spec)), ...patches);
  return plainCopy(plain);
}

/**
 * Makes the container at `index` sleep before it is told to end: until every node has heard that the pod's endpoint
 * is gone, new connections still arrive. The `sleep` hook (Kubernetes 1.29) needs no shell in the image.
 * @param seconds nothing is added for less than one, which older API servers refuse
 */
export function preStopSleep(index: number, seconds: number): readonly JsonPatch[] {
  if (seconds < 1) return [];
  return [JsonPatch.add(`/spec/containers/${index}/lifecycle`, { preStop: { sleep: { seconds } } })];
}
