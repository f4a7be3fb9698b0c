// Whether an HTTPRoute is in force: by what the controller of our own parent says of the current generation, and by
// the listener of the Gateway. Other parents, other generations and other controllers' words count for nothing.
import { CONDITION_REASONS } from '#api/conditions.ts';
import { serverObjectNames } from '#api/names.ts';
import type { GatewayAddress } from '#api/operator-config.ts';
import { objectKey } from '#api/principal.ts';
import { failureOf, missingFinding } from './failures.ts';
import { firstFinding, holds, stuck, waits, type Check, type Finding } from './finding.ts';
import {
  conditionOf,
  viewGateway,
  viewHttpRoute,
  type ConditionView,
  type GatewayView,
  type HttpRouteView,
  type ParentRefView,
} from './objects.ts';
import type { Scene } from './scene.ts';
import { quoted } from './words.ts';

/** What a check looks at; objects that are on their way out count as absent. */
interface Subject {
  readonly scene: Scene;
  readonly name: string;
  readonly route: HttpRouteView | undefined;
  readonly parent: GatewayAddress | undefined;
  readonly gateway: GatewayView | undefined;
}

const GATEWAY_GROUP = 'gateway.networking.k8s.io';

interface HasConditions {
  readonly conditions: readonly ConditionView[];
}

function subjectOf(scene: Scene): Subject {
  const staying = <View extends { metadata: { deletionTimestamp?: string | undefined } }>(
    view: View | undefined,
  ) => (view?.metadata.deletionTimestamp === undefined ? view : undefined);
  const route = staying(viewHttpRoute(scene.observed.httpRoute));
  return {
    scene,
    name: serverObjectNames(scene.input.resolved.name).ingress,
    route,
    parent: scene.input.resolved.route.parent,
    gateway: staying(viewGateway(scene.observed.gateway)),
  };
}

function isOurParent(ref: ParentRefView, parent: GatewayAddress, namespace: string | undefined): boolean {
  return (
    ref.group === GATEWAY_GROUP &&
    ref.kind === 'Gateway' &&
    (ref.namespace ?? namespace) === parent.namespace &&
    ref.name === parent.name &&
    ref.sectionName === parent.sectionName &&
    ref.port === undefined
  );
}

function parentName({ parent }: Subject): string {
  if (parent === undefined) return 'the Gateway of the route';
  const section = parent.sectionName === undefined ? '' : ` (listener ${parent.sectionName})`;
  return `Gateway ${objectKey(parent)}${section}`;
}

/** A condition, if it speaks of this generation. */
function current(of: HasConditions, type: string, generation: number | undefined): ConditionView | undefined {
  const found = conditionOf(of, type);
  return found !== undefined && (found.observedGeneration ?? 0) >= (generation ?? 0) ? found : undefined;
}

/** Entries of our own parent. A second controller may write one too; one that takes the route is enough. */
function ourEntries({ route, parent }: Subject): readonly HasConditions[] {
  if (route === undefined || parent === undefined) return [];
  const { namespace } = route.metadata;
  return route.status.parents.filter((entry) => isOurParent(entry.parentRef, parent, namespace));
}

const applied: Check<Subject> = ({ scene, name }) => failureOf(scene.observed.failures, 'HTTPRoute', name);

const exists: Check<Subject> = ({ scene, route, name }) =>
  route === undefined ? missingFinding(scene.observed.failures, `HTTPRoute ${name}`) : undefined;

const parentExists: Check<Subject> = (subject) =>
  subject.gateway === undefined
    ? stuck(
        CONDITION_REASONS.ROUTE_PARENT_NOT_FOUND,
        `${parentName(subject)} does not exist; create it, or name another in spec.gatewayRef`,
      )
    : undefined;

const parentListens: Check<Subject> = (subject) => {
  const { gateway, parent } = subject;
  if (gateway === undefined) return undefined;
  const { generation } = gateway.metadata;
  const listeners = gateway.status.listeners.filter(
    ({ name }) => parent?.sectionName === undefined || name === parent.sectionName,
  );
  const listens = listeners.some(
    (listener) =>
      current(listener, 'Programmed', generation)?.status === 'True' &&
      conditionOf(listener, 'Accepted')?.status !== 'False',
  );
  if (listens) return undefined;
  const said = listeners.flatMap(({ conditions }) =>
    conditions.filter(({ status }) => status === 'False'),
  )[0];
  const why = said === undefined ? '' : `: ${said.reason ?? ''} ${quoted(said.message ?? '')}`.trimEnd();
  return waits(`${parentName(subject)} does not listen${why}`, CONDITION_REASONS.ROUTE_PARENT_NOT_READY);
};

const acceptedByParent: Check<Subject> = (subject) => {
  const generation = subject.route?.metadata.generation;
  const says = (entry: HasConditions, type: string) => current(entry, type, generation);
  const entries = ourEntries(subject);
  const taken = entries.some((entry) =>
    ['Accepted', 'ResolvedRefs'].every((type) => says(entry, type)?.status === 'True'),
  );
  if (taken) return undefined;
  const refusal = entries
    .flatMap((entry) => ['Accepted', 'ResolvedRefs'].map((type) => says(entry, type)))
    .find((condition) => condition?.status === 'False');
  if (refusal === undefined) {
    return waits(`the controller of ${parentName(subject)} has not taken HTTPRoute ${subject.name} yet`);
  }
  const why = `${refusal.reason ?? refusal.type}: ${quoted(refusal.message ?? '')}`;
  // What a route refers to may come by itself, moments later; who refuses the route itself does so for good.
  return refusal.type === 'ResolvedRefs'
    ? waits(`HTTPRoute ${subject.name} is not resolved (${why})`, CONDITION_REASONS.ROUTE_NOT_ACCEPTED)
    : stuck(
        CONDITION_REASONS.ROUTE_NOT_ACCEPTED,
        `${parentName(subject)} refuses HTTPRoute ${subject.name} (${why}); change the Gateway's listeners, or spec.gatewayRef and spec.ingressHost`,
      );
};

const CHECKS: readonly Check<Subject>[] = [applied, exists, parentExists, parentListens, acceptedByParent];

export function httpRouteFinding(scene: Scene): Finding {
  const subject = subjectOf(scene);
  return firstFinding(CHECKS, subject, holds(`${parentName(subject)} serves HTTPRoute ${subject.name}`));
}
