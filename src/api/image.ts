// Which image runs: what the author wrote, with a tag where it has none, from the registry that was asked for.
import type { OperatorConfig } from './operator-config.ts';

/** What decides about the image of a server. */
export interface ImageSpec {
  readonly image: string;
  readonly imageTag?: string | undefined;
  readonly registryOverride?: string | undefined;
  readonly useProvisionedRegistry: boolean;
}

/** An image names its version by a digest, or by a colon after the last slash (before it, a colon is a port). */
function namesVersion(image: string): boolean {
  return image.includes('@') || image.slice(image.lastIndexOf('/') + 1).includes(':');
}

/** Whether the first part of a path is a registry and not a folder of the default one. */
function isRegistry(part: string): boolean {
  return part.includes('.') || part.includes(':') || part === 'localhost';
}

function registryOf(spec: ImageSpec, config: OperatorConfig): string | undefined {
  const override = spec.registryOverride === '' ? undefined : spec.registryOverride;
  if (!spec.useProvisionedRegistry) return override;
  return config.provisionedRegistryUrl ?? override ?? config.registryPullHost;
}

/** The image reference that goes into the pod: `registry.example.org/team/notes:1.2.0`. */
export function resolveImage(spec: ImageSpec, config: OperatorConfig): string {
  const tag = spec.imageTag === undefined || spec.imageTag === '' ? 'latest' : spec.imageTag;
  const image = namesVersion(spec.image) ? spec.image : `${spec.image}:${tag}`;
  const registry = registryOf(spec, config);
  if (registry === undefined) return image;
  const [first = '', ...rest] = image.split('/');
  const path = rest.length > 0 && isRegistry(first) ? rest.join('/') : image;
  return `${registry}/${path}`;
}
