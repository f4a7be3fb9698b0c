// A new proxy image of the installation goes out in waves: at most a tenth of the servers, and at least one, change at
// a time. A wave whose pods don't become available is where it stops, so a bad image takes a few servers' surplus pods
// and no more. What decides is read from the cluster, so a restarted operator goes on where it was.
import { PROXY_CONTAINER } from '#api/proxy-config.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import { keyText, type KubeObject, type ObjectKey } from '#runtime/kube/object.ts';
import { isRecord, listAt, numberAt, textAt } from './json.ts';

/** Part of the servers that may change at a time. */
const WAVE_SHARE = 0.1;

/** The image of the proxy in a Deployment; undefined where it has none. */
export function proxyImageOf(deployment: KubeObject | undefined): string | undefined {
  const containers = listAt(deployment, 'spec', 'template', 'spec', 'containers').filter(isRecord);
  const proxy = containers.find(({ name }) => name === PROXY_CONTAINER);
  return textAt(proxy, 'image');
}

/** Whether a Deployment still replaces pods and has some that serve: what a wave waits for. */
function isRolling(deployment: KubeObject): boolean {
  const wanted = numberAt(deployment, 'spec', 'replicas') ?? 1;
  const count = (name: string) => numberAt(deployment, 'status', name) ?? 0;
  const seen = count('observedGeneration') >= (deployment.metadata.generation ?? 0);
  const complete = seen && count('updatedReplicas') >= wanted && count('availableReplicas') >= wanted;
  return !complete && (count('availableReplicas') > 0 || !seen);
}

export class ProxyWaves {
  private readonly deployments: Pick<Cache, 'get' | 'list'>;
  /** Servers that were let go and whose Deployment doesn't show it yet. */
  private readonly released = new Set<string>();

  constructor(deployments: Pick<Cache, 'get' | 'list'>) {
    this.deployments = deployments;
  }

  /**
   * The image that the proxy of a server has to run now: the installation's, or for the time being the one it runs.
   * @param wanted image of the installation; undefined where it names none
   */
  imageFor(key: ObjectKey, wanted: string | undefined): string | undefined {
    const running = proxyImageOf(this.deployments.get(key));
    const text = keyText(key);
    if (wanted === undefined || running === undefined || running === wanted) {
      this.released.delete(text);
      return wanted;
    }
    if (this.released.has(text)) return wanted;
    if (!this.hasRoom(wanted)) return running;
    this.released.add(text);
    return wanted;
  }

  private hasRoom(wanted: string): boolean {
    let servers = 0;
    let changing = 0;
    for (const deployment of this.deployments.list()) {
      const image = proxyImageOf(deployment);
      if (image === undefined) continue;
      servers += 1;
      const key = keyText(deployment.metadata);
      if (image === wanted) this.released.delete(key);
      if (this.released.has(key) || (image === wanted && isRolling(deployment))) changing += 1;
    }
    return changing < Math.max(1, Math.ceil(servers * WAVE_SHARE));
  }
}
