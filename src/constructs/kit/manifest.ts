// A rendered Kubernetes object: plain data, ready for a file, a provider or an API server.
import { mirroredImage } from '#api/image-mirror.ts';
import { ApiObject } from 'cdk8s';
import type { IConstruct } from 'constructs';
import { imageSlots, withText } from './image-slots.ts';
import { settingsOf } from './settings.ts';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [member: string]: unknown;
}

/** Whether a value has the members that every Kubernetes object has. */
export function isManifest(value: unknown): value is Manifest {
  if (typeof value !== 'object' || value === null) return false;
  if (!('apiVersion' in value && 'kind' in value && 'metadata' in value)) return false;
  const { apiVersion, kind, metadata } = value;
  if (typeof metadata !== 'object' || metadata === null || !('name' in metadata)) return false;
  return typeof apiVersion === 'string' && typeof kind === 'string' && typeof metadata.name === 'string';
}

/** One object of the tree, with the images that the program names. */
export function writtenManifestOf(object: ApiObject): Manifest {
  const manifest: unknown = object.toJson();
  if (isManifest(manifest)) return manifest;
  throw new TypeError(`${object.node.path}: rendered something that has no apiVersion, kind or name`);
}

/** Renders one object of the tree, with the images that the cluster pulls. */
export function manifestOf(object: ApiObject): Manifest {
  const manifest = writtenManifestOf(object);
  const slots = imageSlots(manifest);
  if (slots.length === 0) return manifest;
  const { imageMirror } = settingsOf(object);
  if (imageMirror === undefined) return manifest;
  const pulled = slots.reduce<unknown>(
    (changed, { path, image }) => withText(changed, path, mirroredImage(image, imageMirror)),
    manifest,
  );
  return isManifest(pulled) ? pulled : manifest;
}

/** Renders every object of a construct, in the order of the tree. */
export function manifestsOf(construct: IConstruct): readonly Manifest[] {
  const objects = construct.node.findAll().filter((each) => ApiObject.isApiObject(each));
  return objects.map(manifestOf);
}

/** What makes an object the same one for the API server: `mcpruntime.org/MCPServer mcp-servers/notes`. */
export function manifestKey({ apiVersion, kind, metadata }: Manifest): string {
  const group = apiVersion.includes('/') ? `${apiVersion.slice(0, apiVersion.indexOf('/'))}/` : '';
  const name = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
  return `${group}${kind} ${name}`;
}
