// One object as a Pulumi resource, of the type and name that the native Kubernetes SDK would give it, so that whoever moves
// between the two keeps their state.
import { CustomResource, secret, type CustomResourceOptions, type Inputs } from '@pulumi/pulumi';
import { getVersion } from '@pulumi/kubernetes/utilities.js';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { isSecret, SECRET_MEMBERS } from '../secrets.ts';

/** `kubernetes:core/v1:Namespace`, `kubernetes:mcpruntime.org/v1alpha1:MCPServer`. */
export function pulumiType({ apiVersion, kind }: Manifest): string {
  return `kubernetes:${apiVersion.includes('/') ? apiVersion : `core/${apiVersion}`}:${kind}`;
}

/** `mcp-servers/notes`, or the plain name where the object has no namespace. */
export function pulumiName({ metadata }: Manifest): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

/** The inputs of a resource; what a Secret holds is sealed, so that no state file shows it. */
export function pulumiInputs(manifest: Manifest): Inputs {
  if (!isSecret(manifest)) return { ...manifest };
  const sealed = SECRET_MEMBERS.filter((member) => manifest[member] !== undefined);
  return { ...manifest, ...Object.fromEntries(sealed.map((member) => [member, secret(manifest[member])])) };
}

export class KubernetesObject extends CustomResource {
  constructor(manifest: Manifest, options: CustomResourceOptions) {
    const own = { version: getVersion(), ...options };
    super(pulumiType(manifest), pulumiName(manifest), pulumiInputs(manifest), own);
  }
}
