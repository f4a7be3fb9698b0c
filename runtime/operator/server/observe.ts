// What is there for one server, from the caches alone: the facts that its status speaks of.
import { objectKey, type ObjectRef } from '#api/principal.ts';
import { FIELD_MANAGERS, serverObjectNames } from '#api/names.ts';
import { LABELS } from '#api/labels.ts';
import type { McpServer } from '#api/mcp-server.ts';
import type { Problem } from '#api/result.ts';
import type { ResolvedServer } from '#api/resolve.ts';
import { readPolicyFiles } from '#policy/policy-file.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import { keyText, type KubeObject, type ResourceType } from '#runtime/kube/object.ts';
import { CONFIG_MAP } from '#runtime/policy-book/kinds.ts';
import type { AcknowledgementSource } from '../acknowledgements.ts';
import { DEPLOYMENT, HTTP_ROUTE, INGRESS, SERVICE } from '../kinds.ts';
import type { LiveObjects } from './live-objects.ts';
import type { RolloutPlan } from './rollout.ts';
import type { ApplyFailure, ObservedServer } from './status/observed-server.ts';

/** Index of pods and ReplicaSets: `namespace/server`, from their labels. */
export const SERVER_INDEX = 'server';

/** The server that a pod or ReplicaSet belongs to, by its labels. */
export function serverOfLabels({ metadata }: KubeObject): readonly string[] {
  const name = metadata.labels?.[LABELS.app];
  return name === undefined ? [] : [keyText({ namespace: metadata.namespace, name })];
}

export interface ObservingCaches {
  readonly live: LiveObjects;
  readonly pods: Cache;
  readonly replicaSets: Cache;
  readonly ingressClasses: Cache;
  readonly gateways: Cache;
}

/** What this pass knows beside the caches. */
export interface Pass {
  readonly failures: readonly ApplyFailure[];
  readonly warnings: readonly Problem[];
  readonly routeConflict: ObjectRef | undefined;
  readonly rollout: RolloutPlan['status'];
  readonly ingressStrategy: string | undefined;
  /** Milliseconds until a document is written that is held back. */
  readonly policyDueMs: number | undefined;
}

function ingressClassOf(resolved: ResolvedServer, classes: Cache): ObservedServer['ingressClass'] {
  if (!classes.synced) return 'unknown';
  return classes.get({ name: resolved.route.ingressClass }) === undefined ? 'missing' : 'found';
}

/** When our manager last wrote an object: the API server notes it, so no replica has to remember. */
export function writtenAt(object: KubeObject | undefined): string | undefined {
  return object?.metadata.managedFields?.find(
    ({ manager, operation }) => manager === FIELD_MANAGERS.operator && operation === 'Apply',
  )?.time;
}

export function observeServer(
  server: McpServer,
  resolved: ResolvedServer,
  { live, pods, replicaSets, ingressClasses, gateways }: ObservingCaches,
  acknowledgements: AcknowledgementSource,
  pass: Pass,
): ObservedServer {
  const { namespace, name } = resolved;
  const ref = { namespace, name };
  const names = serverObjectNames(name);
  const child = (type: ResourceType, childName: string) => {
    const found = live.get(type, { namespace, name: childName });
    const owned = found?.metadata.ownerReferences?.some(({ uid }) => uid === server.metadata.uid) === true;
    return owned ? found : undefined;
  };
  const configMap = child(CONFIG_MAP, names.policyConfigMap);
  const held = configMap === undefined ? undefined : readPolicyFiles(configMap);
  const { parent } = resolved.route;
  return {
    deployment: child(DEPLOYMENT, names.deployment),
    canaryDeployment: child(DEPLOYMENT, names.canaryDeployment),
    replicaSets: replicaSets.byIndex(SERVER_INDEX, objectKey(ref)),
    pods: pods.byIndex(SERVER_INDEX, objectKey(ref)),
    service: child(SERVICE, names.service),
    ingress: child(INGRESS, names.ingress),
    httpRoute: child(HTTP_ROUTE, names.ingress),
    gateway: parent === undefined ? undefined : gateways.get(parent),
    ingressClass: ingressClassOf(resolved, ingressClasses),
    ingressStrategy: pass.ingressStrategy,
    policyRevision: held?.revision,
    policyForm: held?.form,
    policyWrittenAt: writtenAt(configMap),
    policyDueMs: pass.policyDueMs,
    acknowledgements: acknowledgements.of(ref),
    acknowledgementSource: acknowledgements.state,
    failures: pass.failures,
    warnings: pass.warnings,
    routeConflict: pass.routeConflict,
    rollout: pass.rollout,
  };
}
