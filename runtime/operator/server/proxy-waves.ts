// A new proxy image of the installation goes out in waves: at most a tenth of the servers, and at least one, change at
// a time. A wave whose pods don't become available is where it stops, so a bad image takes a few servers' surplus pods
// and no more. What decides is read from the cluster, so a restarted operator goes on where it was.
import { PROXY_CONTAINER } from '#api/proxy-config.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import { keyText, type KubeObject, type ObjectKey } from '#runtime/kube/object.ts';
import { listAt, numberAt, textAt } from '#runtime/kube/json-path.ts';
import { isRecord } from '#runtime/kube/json.ts';

/** Part of the servers that may change at a time. */
const WAVE_SHARE = 0.1;

/** The image of the proxy in a Deployment; undefined where it has none. */
export function proxyImageOf(deployment: KubeObject | undefined): string | undefined {
  const containers = listAt(deployment, 'spec', 'template', 'spec', 'containers').filter(isRecord);
  const proxy = containers.find(({ name }) => name === PROXY_CONTAINER);
  return textAt(proxy, 'image');
}

const count = (deployment: KubeObject, name: string) => numberAt(deployment, 'status', name) ?? 0;

const hasServingPods = (deployment: KubeObject) => count(deployment, 'availableReplicas') > 0;

function isSeen(deployment: KubeObject): boolean {
  return count(deployment, 'observedGeneration') >= (deployment.metadata.generation ?? 0);
}

/** Whether all pods are of the current template and serve. Those of an earlier one serve too, until they are replaced. */
function isComplete(deployment: KubeObject): boolean {
  const wanted = numberAt(deployment, 'spec', 'replicas') ?? 1;
  const updated = count(deployment, 'updatedReplicas');
  return (
    isSeen(deployment) &&
    updated >= wanted &&
    count(deployment, 'replicas') <= updated &&
    count(deployment, 'availableReplicas') >= wanted
  );
}

export class ProxyWaves {
  private readonly deployments: Pick<Cache, 'get' | 'list'>;
  /** Deployments that were let go and aren't done, with whether they had pods that served before. */
  private readonly released = new Map<string, boolean>();

  constructor(deployments: Pick<Cache, 'get' | 'list'>) {
    this.deployments = deployments;
  }

  /**
   * The image that the proxy of a server has to run now: the installation's, or for the time being the one it runs.
   * @param wanted image of the installation; undefined where it names none
   */
  imageFor(key: ObjectKey, wanted: string | undefined): string | undefined {
    const deployment = this.deployments.get(key);
    const running = proxyImageOf(deployment);
    const text = keyText(key);
    if (wanted === undefined || running === undefined) {
      this.released.delete(text);
      return wanted;
    }
    if (running === wanted || this.released.has(text)) return wanted;
    if (!this.hasRoom(wanted)) return running;
    this.released.set(text, deployment !== undefined && hasServingPods(deployment));
    return wanted;
  }

  private hasRoom(wanted: string): boolean {
    let servers = 0;
    let changing = 0;
    for (const deployment of this.deployments.list()) {
      const image = proxyImageOf(deployment);
      if (image === undefined) continue;
      servers += 1;
      if (this.isChanging(deployment, image === wanted)) changing += 1;
    }
    return changing < Math.max(1, Math.ceil(servers * WAVE_SHARE));
  }

  /** What a wave waits for. A server without any pod that serves counts only where it had one before its turn came. */
  private isChanging(deployment: KubeObject, hasImage: boolean): boolean {
    const key = keyText(deployment.metadata);
    if (!hasImage) return this.released.has(key);
    if (!isComplete(deployment))
      return !isSeen(deployment) || hasServingPods(deployment) || this.released.get(key) === true;
    this.released.delete(key);
    return false;
  }
}
