// The garbage collector of Kubernetes looks for new kinds every half minute, and what it is told of a kind that it does
// not know it asks for again with growing pauses. A test that waits for it in a young cluster would wait for all of that;
// so the suite waits once, until each of our kinds was seen to take its children along.
import { setTimeout as sleep } from 'node:timers/promises';
import { API_VERSION, type Kind } from '#api/kind.ts';
import { KINDS } from '#api/kinds.ts';
import { z } from 'zod';
import type { ApiClient } from '../engines/api-client.ts';
import { EngineError } from '../engines/engine-error.ts';

const NAMESPACE = 'garbage-collector';
const PATIENCE_MS = 120_000;
/** A pair that was made before the collector knew the kind may wait for minutes; a fresh one is taken at once. */
const FRESH_PAIR_MS = 2_000;
const CONFIG_MAPS = `/api/v1/namespaces/${NAMESPACE}/configmaps`;

/** The least that each kind takes. */
const SPECS: Readonly<Record<string, object>> = {
  MCPServer: { image: 'registry.example.org/owner:1.0.0' },
  MCPAccessGrant: { serverRef: { name: 'owner' }, subject: { humanID: 'ada' } },
  MCPAgentSession: { serverRef: { name: 'owner' }, subject: { humanID: 'ada' } },
};

const made = z.object({ metadata: z.object({ uid: z.string() }) });

/**
 * Resolves when the garbage collector follows all of our kinds.
 * @param admin may do everything
 * @throws EngineError `engine_failed`: not within two minutes
 */
export async function untilCollected(admin: ApiClient): Promise<void> {
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } };
  await admin.json('/api/v1/namespaces', { method: 'POST', body: namespace });
  const until = performance.now() + PATIENCE_MS;
  await Promise.all(KINDS.map((kind) => untilFollowed(admin, kind, until)));
  await admin.json(`/api/v1/namespaces/${NAMESPACE}`, { method: 'DELETE' });
}

async function untilFollowed(admin: ApiClient, kind: Kind, until: number): Promise<void> {
  for (let round = 0; performance.now() < until; round += 1) {
    const child = await makeOrphan(admin, kind, `${kind.singular}-${round}`);
    const freshUntil = Math.min(until, performance.now() + FRESH_PAIR_MS);
    do {
      if ((await admin.send(child)).status === 404) return;
      await sleep(50);
    } while (performance.now() < freshUntil);
  }
  throw new EngineError(
    'engine_failed',
    `the garbage collector took no child of a deleted ${kind.kind} within ${PATIENCE_MS / 1000} s: ` +
      'kube-controller-manager does not run or the machine is too busy; try again when it is not',
  );
}

/** Makes an owner and a child of it, and deletes the owner. @returns path of the child */
async function makeOrphan(admin: ApiClient, { kind, plural }: Kind, name: string): Promise<string> {
  const owners = `/apis/${API_VERSION}/namespaces/${NAMESPACE}/${plural}`;
  const owner = { apiVersion: API_VERSION, kind, metadata: { name }, spec: SPECS[kind] };
  const { uid } = made.parse(await admin.json(owners, { method: 'POST', body: owner })).metadata;
  const ownerReferences = [{ apiVersion: API_VERSION, kind, name, uid }];
  const child = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, ownerReferences } };
  await admin.json(CONFIG_MAPS, { method: 'POST', body: child });
  await admin.json(`${owners}/${name}`, { method: 'DELETE' });
  return `${CONFIG_MAPS}/${name}`;
}
