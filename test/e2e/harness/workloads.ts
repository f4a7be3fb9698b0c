// Pods of the platform and of servers, and the first processes of their containers.
import { NAMESPACES } from '#api/names.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { at, byName, items, type KubeObject } from '#test/cluster/harness/objects.ts';
import { node } from './node.ts';

/** Pods that run and are not about to end. */
export async function runningPods(namespace: string, selector: string): Promise<readonly KubeObject[]> {
  const pods = await cluster().list('Pod', namespace, selector);
  return pods.filter(
    (pod) => at(pod, 'status', 'phase') === 'Running' && pod.metadata.deletionTimestamp === undefined,
  );
}

export interface RunningContainer {
  readonly pod: KubeObject;
  readonly signal: (signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT') => Promise<void>;
}

/** The first container of each pod that runs. */
export async function containersOf(
  namespace: string,
  selector: string,
): Promise<readonly RunningContainer[]> {
  const pods = await runningPods(namespace, selector);
  return pods.map((pod) => {
    const name = String(at(items(pod, 'spec', 'containers')[0], 'name'));
    return { pod, signal: (signal) => node().killContainer(pod, name, signal) };
  });
}

/** Whether a container of the pod has been started again so often, and is ready. */
export async function readyAgain(pod: KubeObject, container: string, restarts: number): Promise<boolean> {
  const now = await cluster().get('Pod', pod.metadata.name, pod.metadata.namespace);
  const status = byName(items(now, 'status', 'containerStatuses'), container);
  return Number(at(status, 'restartCount')) >= restarts && at(status, 'ready') === true;
}

/** Waits until every program of the platform is ready. */
export async function platformIsWell(): Promise<void> {
  const patience = '--timeout=120s';
  await cluster().kubectl(['rollout', 'status', 'deploy', '-n', NAMESPACES.platform, patience]);
  await cluster().kubectl(['rollout', 'status', 'sts', '-n', NAMESPACES.sentinel, patience]);
}
