// Whether this replica may be counted on: its caches are filled, the schemas in the cluster are those it was written
// for, and no operator of the Go system is at work beside it.
import { createHash } from 'node:crypto';
import { customResourceDefinition, SCHEMA_DIGEST_ANNOTATION } from '#api/crd.ts';
import { KINDS } from '#api/kinds.ts';
import type { Permission } from '#api/permission.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import type { Kube } from '#runtime/kube/kube.ts';
import { LEASE } from './kinds.ts';
import { numberAt, textAt } from '#runtime/kube/json-path.ts';

/** Lease of the Go operator, which must not work on the same objects. */
export const GO_LEASE = 'mcp-runtime-operator.mcpruntime.org';

export const PERMISSIONS: readonly Permission[] = [
  {
    group: 'coordination.k8s.io',
    resource: 'leases',
    verbs: ['get'],
    scope: 'platform',
    reason: 'Whether the operator of the Go system is at work.',
  },
];

const sha256 = (text: string): string => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** Definitions whose schema is not the one of this version, one sentence each; computed once, as schemas don't change. */
export function definitionCheck(): (definitions: Cache) => readonly string[] {
  const expected = KINDS.map((kind) => {
    const { metadata } = customResourceDefinition(kind, sha256);
    return { name: metadata.name, digest: metadata.annotations[SCHEMA_DIGEST_ANNOTATION] };
  });
  return (definitions) =>
    expected.flatMap(({ name, digest }) => {
      const live = definitions.get({ name });
      if (live === undefined)
        return [`CustomResourceDefinition ${name} is missing; apply the platform's crds.`];
      if (live.metadata.annotations?.[SCHEMA_DIGEST_ANNOTATION] === digest) return [];
      return [
        `CustomResourceDefinition ${name} has another schema than this version; apply the crds of this version.`,
      ];
    });
}

/** Holder of the Go operator's lease while it renews it; undefined where it is not at work. */
export async function goOperatorAtWork(
  kube: Kube,
  namespace: string,
  nowMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  const lease = await kube.get(LEASE, { namespace, name: GO_LEASE }, signal);
  const holder = textAt(lease, 'spec', 'holderIdentity');
  const renewedMs = Date.parse(textAt(lease, 'spec', 'renewTime') ?? '');
  const seconds = numberAt(lease, 'spec', 'leaseDurationSeconds') ?? 15;
  if (holder === undefined || holder === '' || Number.isNaN(renewedMs)) return undefined;
  return nowMs - renewedMs < seconds * 1000 ? holder : undefined;
}
