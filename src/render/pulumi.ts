// The objects of a program as Pulumi resources, of the types and names that the native Kubernetes SDK would give them,
// so that whoever moves between the two keeps their state. It says in which order they are made; everything else is
// the same as in the files.
import { CustomResource, secret, type CustomResourceOptions } from '@pulumi/pulumi';
import { getVersion } from '@pulumi/kubernetes/utilities.js';
import { manifestKey, type Manifest } from '#constructs/kit/manifest.ts';
import { isDefinition, isNamespace, needs } from './needs.ts';
import { isSecret, SECRET_MEMBERS } from './secrets.ts';
import type { SynthesisedProgram } from './synthesise.ts';

/** `kubernetes:core/v1:Namespace`, `kubernetes:mcpruntime.org/v1alpha1:MCPServer`. */
export function pulumiType({ apiVersion, kind }: Manifest): string {
  return `kubernetes:${apiVersion.includes('/') ? apiVersion : `core/${apiVersion}`}:${kind}`;
}

/** `mcp-servers/notes`, or the plain name where the object has no namespace. */
export function pulumiName({ metadata }: Manifest): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

/** The inputs of a resource; what a Secret holds is sealed, so that no state file shows it. */
export function pulumiInputs(manifest: Manifest): Record<string, unknown> {
  if (!isSecret(manifest)) return { ...manifest };
  const sealed = SECRET_MEMBERS.filter((member) => manifest[member] !== undefined);
  return { ...manifest, ...Object.fromEntries(sealed.map((member) => [member, secret(manifest[member])])) };
}

class KubernetesObject extends CustomResource {
  constructor(manifest: Manifest, options: CustomResourceOptions) {
    super(pulumiType(manifest), pulumiName(manifest), pulumiInputs(manifest), options);
  }
}

/**
 * Registers every object of a program.
 * @param options for all of them, such as `provider` or `parent`
 * @returns the resources by what they are: `mcpruntime.org/MCPServer mcp-servers/notes`
 */
export function registerPulumi(
  program: SynthesisedProgram,
  options: CustomResourceOptions = {},
): ReadonlyMap<string, CustomResource> {
  const manifests = program.charts.flatMap(({ objects }) => objects.map(({ manifest }) => manifest));
  const foundation = manifests.filter((manifest) => isNamespace(manifest) || isDefinition(manifest));
  const rest = manifests.filter((manifest) => !foundation.includes(manifest));
  const resources = new Map<string, CustomResource>();
  for (const manifest of [...foundation, ...rest]) {
    const dependsOn = foundation
      .filter((other) => needs(manifest, other))
      .flatMap((other) => resources.get(manifestKey(other)) ?? []);
    const own = { version: getVersion(), ...options, dependsOn };
    resources.set(manifestKey(manifest), new KubernetesObject(manifest, own));
  }
  return resources;
}
