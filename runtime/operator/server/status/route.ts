// Whether the way in is this server's and in force. A controller's own word counts, not that an object exists.
import { CONDITION_REASONS } from '#api/conditions.ts';
import { serverObjectNames } from '#api/names.ts';
import { objectKey } from '#api/principal.ts';
import { failureOf, missingFinding } from './failures.ts';
import { firstFinding, holds, stuck, waits, type Check, type Finding } from './finding.ts';
import { httpRouteFinding } from './http-route.ts';
import { viewIngress, type IngressView } from './objects.ts';
import type { Scene } from './scene.ts';

const nameOf = ({ input }: Scene) => serverObjectNames(input.resolved.name).ingress;

function where({ input }: Scene): string {
  const { host, path } = input.resolved.route;
  return host === undefined ? `path ${path} of any host` : `host ${host} with path ${path}`;
}

function conflict(scene: Scene): Finding | undefined {
  const { observed } = scene;
  if (observed.routeConflict === undefined) return undefined;
  return stuck(
    CONDITION_REASONS.ROUTE_CONFLICT,
    `${where(scene)} belongs to ${objectKey(observed.routeConflict)}, which is older; choose another spec.publicPathPrefix or spec.ingressHost`,
  );
}

export function acceptedFinding(scene: Scene): Finding {
  return conflict(scene) ?? holds(`${where(scene)} is this server's`);
}

/** Refused for the conflict, which is told by `Accepted`. */
const belongsToIt: Check<Scene> = (scene) => {
  const refused = conflict(scene);
  return refused === undefined
    ? undefined
    : {
        ...refused,
        message: 'There is no route, because another server has its host and path',
        follows: true,
      };
};

const applied: Check<Scene> = (scene) => failureOf(scene.observed.failures, 'Ingress', nameOf(scene));

const classExists: Check<Scene> = ({ input, observed }) =>
  observed.ingressClass === 'missing'
    ? stuck(
        CONDITION_REASONS.INGRESS_CLASS_NOT_FOUND,
        `the cluster has no ingress class ${input.resolved.route.ingressClass}; install its controller, or set spec.ingressClass to one of \`kubectl get ingressclass\``,
      )
    : undefined;

function ingressOf({ observed }: Scene): IngressView | undefined {
  const ingress = viewIngress(observed.ingress);
  return ingress?.metadata.deletionTimestamp === undefined ? ingress : undefined;
}

const exists: Check<Scene> = (scene) =>
  ingressOf(scene) === undefined
    ? missingFinding(scene.observed.failures, `Ingress ${nameOf(scene)}`)
    : undefined;

const served: Check<Scene> = (scene) => {
  const { spec, status } = ingressOf(scene) ?? {};
  if ((status?.loadBalancer.ingress.length ?? 0) > 0) return undefined;
  if (scene.input.config.ingressReadiness === 'permissive') {
    return (spec?.rules.length ?? 0) > 0 ? undefined : waits(`Ingress ${nameOf(scene)} has no rule yet`);
  }
  return waits(
    `Ingress ${nameOf(scene)} got no address from its controller yet; where controllers give none, set MCP_INGRESS_READINESS_MODE=permissive of the operator`,
  );
};

const INGRESS: readonly Check<Scene>[] = [applied, classExists, exists, served];

export function ingressFinding(scene: Scene): Finding {
  const refused = belongsToIt(scene);
  if (refused !== undefined) return refused;
  if (scene.input.resolved.route.kind === 'HTTPRoute') return httpRouteFinding(scene);
  return firstFinding(INGRESS, scene, holds(`Ingress ${nameOf(scene)} is served`));
}
