// Which image runs: what the author wrote, with a tag where it has none, from the registry that was asked for.
import { pulledImage } from './image-mirror.ts';
import { namesVersion, withoutRegistry } from './image-name.ts';
import type { OperatorConfig } from './operator-config.ts';

/** What decides about the image of a server. */
export interface ImageSpec {
  readonly image: string;
  readonly imageTag?: string | undefined;
  readonly registryOverride?: string | undefined;
  readonly useProvisionedRegistry: boolean;
}

function askedRegistry(spec: ImageSpec, config: OperatorConfig): string | undefined {
  const override = spec.registryOverride === '' ? undefined : spec.registryOverride;
  if (!spec.useProvisionedRegistry) return override;
  return config.provisionedRegistryUrl ?? override ?? config.registryPullHost;
}

/** The image reference that goes into the pod: `registry.example.org/team/notes:1.2.0`. */
export function resolveImage(spec: ImageSpec, config: OperatorConfig): string {
  const tag = spec.imageTag === undefined || spec.imageTag === '' ? 'latest' : spec.imageTag;
  const image = namesVersion(spec.image) ? spec.image : `${spec.image}:${tag}`;
  const registry = askedRegistry(spec, config);
  return pulledImage(registry === undefined ? image : `${registry}/${withoutRegistry(image)}`, config);
}
