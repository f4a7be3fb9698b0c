// A pod keeps receiving new connections for a moment after its end was decided, until every node has heard that its
// endpoint is gone. Containers sleep through that moment. The `sleep` hook needs no shell in the image, came with
// Kubernetes 1.29 and so is not in the generated classes.
import { JsonPatch } from 'cdk8s';
import type { KubeDeployment } from './kubernetes.ts';

/** Makes the container at `index` sleep before it is told to end. */
export function addPreStopSleep(deployment: KubeDeployment, index: number, seconds: number): void {
  const path = `/spec/template/spec/containers/${index}/lifecycle`;
  deployment.addJsonPatch(JsonPatch.add(path, { preStop: { sleep: { seconds } } }));
}
