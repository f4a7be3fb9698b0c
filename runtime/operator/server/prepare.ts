// What has to be there before the children of a server are applied. Each thing that fails is told and stops nothing: a
// denial is more urgent than its record, and pods say for themselves what they wait for.
import type { OperatorConfig } from '#api/operator-config.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import { keyText, type KubeObject } from '#runtime/kube/object.ts';
import { SERVER_REF_INDEX } from '#runtime/policy-book/server-ref.ts';
import type { Tombstones } from '../access/tombstones.ts';
import type { TrustMaps } from '../trust/trust-maps.ts';
import type { PullSecrets } from './pull-secret.ts';
import type { Rendering } from './render.ts';

export interface RevocationRecords {
  /** With the index of the servers that they refer to. */
  readonly sessions: Cache;
  readonly tombstones: Tombstones;
}

export interface Preparations extends RevocationRecords {
  readonly config: OperatorConfig;
  readonly trustMaps: TrustMaps;
  /** Absent where the installation configures no registry of its own. */
  readonly pullSecrets?: PullSecrets | undefined;
}

/** @returns what was thrown */
export async function prepare(
  { sessions, tombstones, config, trustMaps, pullSecrets }: Preparations,
  raw: KubeObject,
  { resolved }: Rendering,
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const needsPullSecret = resolved.pullSecrets.some((name) => name === config.provisionedPullSecret);
  return [
    // Before the policy says so: nobody could tell otherwise what was revoked once the object is gone.
    ...(await recordRevocations({ sessions, tombstones }, raw, signal)),
    ...(needsPullSecret ? await errorsOf(pullSecrets?.ensure(resolved.namespace, signal)) : []),
    // Before the pods, which read it when they start.
    ...(resolved.gateway === undefined ? [] : await errorsOf(trustMaps.ensure(resolved.namespace, signal))),
  ];
}

/** @returns what was thrown */
export async function recordRevocations(
  { sessions, tombstones }: RevocationRecords,
  raw: KubeObject,
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  const own = sessions.byIndex(SERVER_REF_INDEX, keyText(raw.metadata));
  for (const session of tombstones.missingOf(own)) {
    errors.push(...(await errorsOf(tombstones.record(session, signal))));
  }
  return errors;
}

async function errorsOf(work: Promise<unknown> | undefined): Promise<readonly unknown[]> {
  try {
    await work;
    return [];
  } catch (error) {
    return [error];
  }
}
