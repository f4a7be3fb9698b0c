import { describe, expect, it } from '@jest/globals';
import type { KubeObject, ResourceType } from '#runtime/kube/object.ts';
import { AUTOSCALER, DEPLOYMENT, DISRUPTION_BUDGET } from '#runtime/operator/kinds.ts';
import { ChildApplier } from '#runtime/operator/server/apply-children.ts';
import { LiveObjects, OWNER_INDEX, ownerUidsOf } from '#runtime/operator/server/live-objects.ts';
import { FakeCluster } from '../access/fake-cluster.ts';

const child = (apiVersion: string, kind: string, spec: object): KubeObject => {
  const owner = { apiVersion: 'v1', kind: 'MCPServer', name: 'notes', uid: 'uid-1', controller: true };
  const metadata = { name: 'notes', namespace: 'team-a', ownerReferences: [owner] };
  return { apiVersion, kind, metadata, spec };
};

const deployment = (replicas: number) => child('apps/v1', 'Deployment', { replicas });

/** A cluster that takes applied objects as they are, or none. */
class ApplyingCluster extends FakeCluster {
  isRefusing = false;

  override apply(_type: ResourceType, object: KubeObject): Promise<KubeObject> {
    return this.isRefusing ? Promise.reject(new Error('refused')) : Promise.resolve(this.put(object));
  }
}

function aServerWithChildren() {
  const kube = new ApplyingCluster();
  const types = [DEPLOYMENT, AUTOSCALER, DISRUPTION_BUDGET];
  const live = new LiveObjects(
    new Map(types.map((type) => [type, kube.cache(type, { [OWNER_INDEX]: ownerUidsOf })])),
  );
  kube.put(deployment(3));
  kube.put(child('autoscaling/v2', 'HorizontalPodAutoscaler', { minReplicas: 3 }));
  kube.put(child('policy/v1', 'PodDisruptionBudget', {}));
  const applier = new ChildApplier({ kube, live, legacyManagers: [], now: () => 0 });
  const apply = () =>
    applier.apply({ owner: 'uid-1', desired: [deployment(2)], signal: new AbortController().signal });
  return { kube, apply };
}

describe('children that are no longer wanted', () => {
  it('go when the others are applied, but an autoscaler before: it would undo the number of pods', async () => {
    const { apply } = aServerWithChildren();
    const { changes, failures } = await apply();
    expect(failures).toEqual([]);
    expect(changes.map(({ type, action }) => `${type.kind} ${action}`)).toEqual([
      'HorizontalPodAutoscaler deleted',
      'Deployment applied',
      'PodDisruptionBudget deleted',
    ]);
  });

  it('stay while one of the others is refused', async () => {
    const { kube, apply } = aServerWithChildren();
    kube.isRefusing = true;
    const { failures } = await apply();
    expect(failures.map(({ child }) => child)).toEqual(['Deployment notes']);
    expect(kube.all('PodDisruptionBudget')).toHaveLength(1);
  });
});
