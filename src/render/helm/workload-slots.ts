// What people decide about programs that run: images, how many, with what, and how large their volumes are.
import { LABELS } from '#api/labels.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { itemsAt, memberAt, textAt, type Slot, type ValuePath } from './slot.ts';

const KINDS = ['Deployment', 'StatefulSet', 'DaemonSet'];
const TEMPLATE = ['spec', 'template', 'spec'] as const;

/** Variables of a container that are for people, and which value they are. */
const VARIABLES: Readonly<Record<string, Pick<Slot, 'at' | 'kind'>>> = {
  MCP_GATEWAY_PROXY_IMAGE: { at: ['proxy', 'image'], kind: 'image' },
  MCP_CLUSTER_NAME: { at: ['cluster', 'name'], kind: 'name' },
  MCP_INGRESS_NAMESPACE: { at: ['cluster', 'ingressNamespace'], kind: 'name' },
};

export const isWorkload = ({ kind, apiVersion }: Manifest) =>
  KINDS.includes(kind) && apiVersion === 'apps/v1';

/** `notes-api` as a name that templates can write: `notesApi`. */
function camelCase(name: string): string {
  return name
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== '')
    .map((word, at) => (at === 0 ? word : `${word.charAt(0).toUpperCase()}${word.slice(1)}`))
    .join('');
}

/** `operator`, `distributor`, `sentinel`: what a program is called, without whose it is. */
function shortName({ metadata }: Manifest): string {
  const name = metadata.labels?.[LABELS.name] ?? metadata.name;
  return camelCase(name.replace(/^mcp-(runtime-)?/, ''));
}

/** By workload, the name of its values. Where two would share one, both have their namespaces in it. */
export function workloadNames(manifests: readonly Manifest[]): ReadonlyMap<Manifest, string> {
  const workloads = manifests.filter(isWorkload);
  const count = new Map<string, number>();
  for (const each of workloads) count.set(shortName(each), (count.get(shortName(each)) ?? 0) + 1);
  return new Map(
    workloads.map((each) => {
      const { namespace = '', name } = each.metadata;
      const isAlone = count.get(shortName(each)) === 1;
      return [each, isAlone ? shortName(each) : camelCase(`${namespace}-${name}`)];
    }),
  );
}

function variableSlots(manifest: Manifest, path: Slot['path']): readonly Slot[] {
  return itemsAt(manifest, [...path, 'env']).flatMap(([, at]) => {
    const known = VARIABLES[textAt(manifest, [...at, 'name']) ?? ''];
    const value = textAt(manifest, [...at, 'value']);
    return known === undefined || value === undefined ? [] : [{ ...known, path: [...at, 'value'], value }];
  });
}

function containerSlots(manifest: Manifest, path: Slot['path'], values: ValuePath): readonly Slot[] {
  const image = textAt(manifest, [...path, 'image']);
  const resources = memberAt(manifest, [...path, 'resources']);
  const at = (name: string) => ({ path: [...path, name], at: [...values, name] });
  return [
    ...(image === undefined ? [] : [{ ...at('image'), kind: 'image', value: image } as const]),
    ...(resources === undefined
      ? []
      : [{ ...at('resources'), kind: 'resources', value: resources } as const]),
    ...variableSlots(manifest, path),
  ];
}

function storageSlots(manifest: Manifest, values: ValuePath): readonly Slot[] {
  const claims = itemsAt(manifest, ['spec', 'volumeClaimTemplates']);
  return claims.flatMap(([, path]) => {
    const claim =
      claims.length === 1 ? 'storage' : camelCase(textAt(manifest, [...path, 'metadata', 'name']) ?? '');
    const size = [...path, 'spec', 'resources', 'requests', 'storage'];
    const storageClass = [...path, 'spec', 'storageClassName'];
    return [
      { path: size, at: [...values, claim, 'size'], kind: 'size', value: textAt(manifest, size) } as const,
      {
        path: storageClass,
        at: [...values, claim, 'className'],
        kind: 'name',
        value: textAt(manifest, storageClass),
      } as const,
    ].filter(({ value }) => value !== undefined);
  });
}

/**
 * How many pods a Deployment has is for people; how many a StatefulSet has is for its program, which may be one that there
 * can only be one of.
 */
function replicaSlots(manifest: Manifest, values: ValuePath): readonly Slot[] {
  const value = memberAt(manifest, ['spec', 'replicas']);
  if (manifest.kind !== 'Deployment' || typeof value !== 'number') return [];
  return [{ path: ['spec', 'replicas'], at: [...values, 'replicas'], kind: 'replicas', value }];
}

/** @param name of its values */
export function workloadSlots(manifest: Manifest, name: string): readonly Slot[] {
  const containers = itemsAt(manifest, [...TEMPLATE, 'containers']);
  const [only] = containers.length === 1 ? containers : [];
  const imageOf = (path: Slot['path']) => textAt(manifest, [...path, 'image']);
  const slots = (path: Slot['path'], isOnly: boolean) => {
    const own = camelCase(textAt(manifest, [...path, 'name']) ?? '');
    return containerSlots(manifest, path, isOnly ? [name] : [name, own]);
  };
  return [
    ...replicaSlots(manifest, [name]),
    ...containers.flatMap(([, path]) => slots(path, only !== undefined)),
    // The same program for a moment, as a sentinel that restores: values that name its image mean both.
    ...itemsAt(manifest, [...TEMPLATE, 'initContainers']).flatMap(([, path]) =>
      slots(path, only !== undefined && imageOf(path) === imageOf(only[1])),
    ),
    ...storageSlots(manifest, [name]),
  ];
}
