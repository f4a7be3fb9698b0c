// A Deployment that can say what Kubernetes 1.28 could not. The generated class maps its object once more after
// patches and drops what it doesn't know, so its typed properties are rendered first and the result is a plain object.
import { ApiObject, JsonPatch } from 'cdk8s';
import { KubeDeployment, type KubeDeploymentProps } from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { Construct } from 'constructs';
import { isManifest } from './manifest.ts';

export function addDeploymentObject(scope: Construct, id: string, props: KubeDeploymentProps): ApiObject {
  const manifest: unknown = KubeDeployment.manifest(props);
  if (!isManifest(manifest)) throw new TypeError(`${scope.node.path}/${id}: a Deployment needs a name`);
  return new ApiObject(scope, id, { ...manifest, metadata: { ...manifest.metadata } });
}

/**
 * Makes the container at `index` sleep before it is told to end: until every node has heard that the pod's endpoint
 * is gone, new connections still arrive. The `sleep` hook (Kubernetes 1.29) needs no shell in the image.
 * @param seconds nothing is added for less than one, which older API servers refuse
 */
export function addPreStopSleep(deployment: ApiObject, index: number, seconds: number): void {
  if (seconds < 1) return;
  const path = `/spec/template/spec/containers/${index}/lifecycle`;
  deployment.addJsonPatch(JsonPatch.add(path, { preStop: { sleep: { seconds } } }));
}
