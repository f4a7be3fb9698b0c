// What `pulumi up` waits for. Annotations tell the provider; nothing of them is in the other ways out.
import { API_GROUP } from '#api/kind.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { groupOf } from '../needs.ts';

export interface AwaitArgs {
  /**
   * Whether servers, grants and sessions count as made when they are Ready. The operator has to run, in this program or
   * already. @default true
   */
  readonly untilReady?: boolean | undefined;
  /**
   * Whether an Ingress or a Service of type LoadBalancer counts as made when it has an address. Many clusters never give
   * one, and Pulumi waits for ten minutes and fails. @default false
   */
  readonly forAddresses?: boolean | undefined;
}

function typeOf({ spec }: Manifest): unknown {
  return typeof spec === 'object' && spec !== null && 'type' in spec ? spec.type : undefined;
}

function waitsForAddress(manifest: Manifest): boolean {
  const { kind, apiVersion } = manifest;
  if (kind === 'Ingress') return groupOf(manifest) === 'networking.k8s.io';
  return kind === 'Service' && apiVersion === 'v1' && typeOf(manifest) === 'LoadBalancer';
}

function annotationOf(manifest: Manifest, args: AwaitArgs): Readonly<Record<string, string>> | undefined {
  const { untilReady = true, forAddresses = false } = args;
  if (groupOf(manifest) === API_GROUP)
    return untilReady ? { 'pulumi.com/waitFor': 'condition=Ready' } : undefined;
  return waitsForAddress(manifest) && !forAddresses ? { 'pulumi.com/skipAwait': 'true' } : undefined;
}

/** The object with what the provider reads; what the program says itself stays. */
export function awaiting(manifest: Manifest, args: AwaitArgs): Manifest {
  const own = annotationOf(manifest, args);
  if (own === undefined) return manifest;
  const annotations = { ...own, ...manifest.metadata.annotations };
  return { ...manifest, metadata: { ...manifest.metadata, annotations } };
}
