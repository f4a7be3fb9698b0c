// Whether the Service has an address.
import { serverObjectNames } from '#api/names.ts';
import { failureOf, missingFinding } from './failures.ts';
import { firstFinding, holds, waits, type Check, type Finding } from './finding.ts';
import { viewService } from './objects.ts';
import type { Scene } from './scene.ts';

const nameOf = ({ input }: Scene) => serverObjectNames(input.resolved.name).service;

const applied: Check<Scene> = (scene) => failureOf(scene.observed.failures, 'Service', nameOf(scene));

const exists: Check<Scene> = (scene) => {
  const service = viewService(scene.observed.service);
  return service === undefined || service.metadata.deletionTimestamp !== undefined
    ? missingFinding(scene.observed.failures, `Service ${nameOf(scene)}`)
    : undefined;
};

const hasAddress: Check<Scene> = (scene) =>
  (viewService(scene.observed.service)?.spec.clusterIP ?? '') === ''
    ? waits(`Service ${nameOf(scene)} has no address yet`)
    : undefined;

export function serviceFinding(scene: Scene): Finding {
  return firstFinding([applied, exists, hasAddress], scene, holds(`Service ${nameOf(scene)} has an address`));
}
