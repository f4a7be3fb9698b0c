// A Deployment that can say what Kubernetes 1.28 could not. The generated class maps its object once more after
// patches and drops what it doesn't know, so its typed properties are rendered first and the result is a plain object.
import { ApiObject } from 'cdk8s';
import { KubeDeployment, type KubeDeploymentProps } from 'cdk8s-plus-28/lib/imports/k8s.js';
import type { Construct } from 'constructs';
import { isManifest } from './manifest.ts';

export function addDeploymentObject(scope: Construct, id: string, props: KubeDeploymentProps): ApiObject {
  const manifest: unknown = KubeDeployment.manifest(props);
  if (!isManifest(manifest)) throw new TypeError(`${scope.node.path}/${id}: a Deployment needs a name`);
  return new ApiObject(scope, id, { ...manifest, metadata: { ...manifest.metadata } });
}
