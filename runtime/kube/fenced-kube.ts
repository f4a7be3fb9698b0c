// Writes of whoever may act only while it holds a lease. A process that was frozen wakes with timers that are due and
// requests half made, before it finds its lease gone; what it would write then is refused here, by the time that its
// lease was certain. It makes the window small, it does not close it: a process may be frozen between this look and
// the network, so what is written has to be safe anyway.
import type { ApplyOptions, DeleteOptions, Kube, ListOptions, PatchOptions } from './kube.ts';
import { KubeError } from './kube.ts';
import { keyText, type KubeObject, type ObjectKey, type ResourceType } from './object.ts';
import { nameOf } from './paths.ts';

export class FencedKube implements Kube {
  private readonly kube: Kube;
  private readonly mayWrite: () => boolean;

  /** @param mayWrite asked before every write */
  constructor(kube: Kube, mayWrite: () => boolean) {
    this.kube = kube;
    this.mayWrite = mayWrite;
  }

  get(type: ResourceType, key: ObjectKey, signal?: AbortSignal): Promise<KubeObject | undefined> {
    return this.kube.get(type, key, signal);
  }

  list(type: ResourceType, options?: ListOptions, signal?: AbortSignal): Promise<readonly KubeObject[]> {
    return this.kube.list(type, options, signal);
  }

  async create(type: ResourceType, object: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    this.refuse('create', type, object.metadata);
    return await this.kube.create(type, object, signal);
  }

  async replace(type: ResourceType, object: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    this.refuse('replace', type, object.metadata);
    return await this.kube.replace(type, object, signal);
  }

  async replaceStatus(type: ResourceType, object: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    this.refuse('replace the status of', type, object.metadata);
    return await this.kube.replaceStatus(type, object, signal);
  }

  async apply(
    type: ResourceType,
    object: KubeObject,
    options: ApplyOptions,
    signal?: AbortSignal,
  ): Promise<KubeObject> {
    this.refuse('apply', type, object.metadata);
    return await this.kube.apply(type, object, options, signal);
  }

  async patch(
    type: ResourceType,
    key: ObjectKey,
    options: PatchOptions,
    signal?: AbortSignal,
  ): Promise<KubeObject> {
    this.refuse('patch', type, key);
    return await this.kube.patch(type, key, options, signal);
  }

  async delete(
    type: ResourceType,
    key: ObjectKey,
    options?: DeleteOptions,
    signal?: AbortSignal,
  ): Promise<boolean> {
    this.refuse('delete', type, key);
    return await this.kube.delete(type, key, options, signal);
  }

  /** @throws KubeError `unavailable` */
  private refuse(verb: string, type: ResourceType, key: ObjectKey): void {
    if (this.mayWrite()) return;
    const asked = `${verb} ${nameOf(type)} ${keyText(key)}`;
    throw new KubeError(`${asked}: not sent, because this replica can't be sure of its lease any more.`, {
      code: 'unavailable',
    });
  }
}
