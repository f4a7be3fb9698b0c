// Another registry that a cluster pulls from, for one without internet. It changes where an image comes from and nothing
// else: path, tag and digest stay, so that a name tells what it was. One function says the name, for whoever copies
// images, whoever renders pods and whoever starts servers.
import { withoutRegistry } from './image-name.ts';
import type { OperatorConfig } from './operator-config.ts';
import { text } from './schema.ts';

export interface ImageMirror {
  /** Host, port and path, such as `registry.example.org/mirror`. */
  readonly registry: string;
  /** Registries whose images stay where they are: those of the installation itself. */
  readonly keeps?: readonly string[] | undefined;
}

/** What may be a mirror. A first part without a dot or a port would be taken for a folder of the default registry. */
export const mirrorRegistry = text(512).regex(
  /^(localhost(:[0-9]{1,5})?|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+(:[0-9]{1,5})?|[A-Za-z0-9-]+:[0-9]{1,5})(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/,
  'must be a host with a dot or a port, and a path of lower-case letters if need be, with neither scheme nor user',
);

/** The name of an image where a mirror is in force; one that is in the mirror already keeps its name. */
export function mirroredImage(image: string, { registry, keeps = [] }: ImageMirror): string {
  const stays = [registry, ...keeps].some((own) => image.startsWith(`${own}/`));
  return image === '' || stays ? image : `${registry}/${withoutRegistry(image)}`;
}

/** Registries of an installation, whose images nobody has to mirror. */
export function ownRegistries(
  config: Pick<OperatorConfig, 'provisionedRegistryUrl' | 'registryPullHost'>,
): readonly string[] {
  const { provisionedRegistryUrl, registryPullHost } = config;
  return provisionedRegistryUrl === undefined
    ? [registryPullHost]
    : [provisionedRegistryUrl, registryPullHost];
}

/** The name under which nodes of an installation pull an image. */
export function pulledImage(image: string, config: OperatorConfig): string {
  const { imageMirror: registry } = config;
  return registry === undefined ? image : mirroredImage(image, { registry, keeps: ownRegistries(config) });
}
