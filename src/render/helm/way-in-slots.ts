// Hosts and ingress classes: what differs between a staging and a production cluster although the servers are the same.
// Each is one value, wherever the program says it.
import { API_GROUP } from '#api/kind.ts';
import { MCPServer } from '#api/mcp-server.ts';
import { GATEWAY_CLASS } from '#api/resolve-route.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { groupOf } from '../needs.ts';
import { itemsAt, memberAt, textAt, type Slot } from './slot.ts';

type Path = Slot['path'];

function hostSlot(manifest: Manifest, path: Path): readonly Slot[] {
  const value = textAt(manifest, path);
  return value === undefined ? [] : [{ path, at: ['hosts', value], kind: 'host', value }];
}

function classSlot(manifest: Manifest, path: Path): readonly Slot[] {
  const value = textAt(manifest, path);
  // Not the name of a class, but of the way in that has none.
  if (value === undefined || value === GATEWAY_CLASS) return [];
  return [{ path, at: ['ingressClasses', value], kind: 'name', value }];
}

function urlSlot(manifest: Manifest, path: Path): readonly Slot[] {
  const text = textAt(manifest, path) ?? '';
  const value = URL.parse(text)?.hostname ?? '';
  const start = text.indexOf(`//${value}`) + 2;
  if (value === '' || start < 2) return [];
  const around = [text.slice(0, start), text.slice(start + value.length)] as const;
  return [{ path, at: ['hosts', value], kind: 'host', value, around }];
}

function hostsIn(manifest: Manifest, path: Path): readonly Slot[] {
  return itemsAt(manifest, path).flatMap(([, at]) => hostSlot(manifest, at));
}

function ingressSlots(manifest: Manifest): readonly Slot[] {
  return [
    ...classSlot(manifest, ['spec', 'ingressClassName']),
    ...itemsAt(manifest, ['spec', 'rules']).flatMap(([, path]) => hostSlot(manifest, [...path, 'host'])),
    ...itemsAt(manifest, ['spec', 'tls']).flatMap(([, path]) => hostsIn(manifest, [...path, 'hosts'])),
  ];
}

function serverSlots(manifest: Manifest): readonly Slot[] {
  return [
    ...classSlot(manifest, ['spec', 'ingressClass']),
    ...hostSlot(manifest, ['spec', 'ingressHost']),
    ...urlSlot(manifest, ['spec', 'externalURL']),
  ];
}

/** The defaults of the installation, in the environment of its programs. */
const VARIABLES: Readonly<Record<string, typeof hostSlot>> = {
  MCP_DEFAULT_INGRESS_HOST: hostSlot,
  DEFAULT_INGRESS_CLASS: classSlot,
};

function variableSlots(manifest: Manifest): readonly Slot[] {
  return itemsAt(manifest, ['spec', 'template', 'spec', 'containers']).flatMap(([, container]) =>
    itemsAt(manifest, [...container, 'env']).flatMap(([, path]) => {
      const slot = VARIABLES[textAt(manifest, [...path, 'name']) ?? ''];
      return slot?.(manifest, [...path, 'value']) ?? [];
    }),
  );
}

/**
 * The names of a certificate that are hosts of a way in; its others are those of Services, or of what is in no value.
 * @param hosts of all ways in
 */
export function certificateSlots(manifest: Manifest, hosts: ReadonlySet<unknown>): readonly Slot[] {
  if (groupOf(manifest) !== 'cert-manager.io' || manifest.kind !== 'Certificate') return [];
  return hostsIn(manifest, ['spec', 'dnsNames']).filter(({ value }) => hosts.has(value));
}

export function wayInSlots(manifest: Manifest): readonly Slot[] {
  const { kind } = manifest;
  const group = groupOf(manifest);
  if (group === API_GROUP) return kind === MCPServer.kind ? serverSlots(manifest) : [];
  if (group === 'networking.k8s.io') return kind === 'Ingress' ? ingressSlots(manifest) : [];
  if (group === 'gateway.networking.k8s.io') {
    const listeners = itemsAt(manifest, ['spec', 'listeners']);
    return [
      ...hostsIn(manifest, ['spec', 'hostnames']),
      ...listeners.flatMap(([, path]) => hostSlot(manifest, [...path, 'hostname'])),
    ];
  }
  return memberAt(manifest, ['spec', 'template']) === undefined ? [] : variableSlots(manifest);
}
