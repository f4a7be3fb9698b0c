// The certificates to trust, where proxies find them: a ConfigMap in every namespace that has servers, and in the
// platform's own. It is shared by the servers there and so has no owner; it holds nothing secret.
import { IDENTITY_FILES } from '#api/proxy-config.ts';
import { FIELD_MANAGERS, NAMESPACES, PLATFORM_CA } from '#api/names.ts';
import { LABELS, PLATFORM } from '#api/labels.ts';
import type { Permission } from '#api/permission.ts';
import type { Cache } from '#runtime/kube/cache.ts';
import { isKubeError, type Kube } from '#runtime/kube/kube.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { CONFIG_MAP } from '#runtime/policy-book/kinds.ts';
import type { Log } from '#runtime/process/log.ts';
import { textAt } from '#runtime/kube/json-path.ts';

export const PERMISSIONS: readonly Permission[] = [
  {
    group: CONFIG_MAP.group,
    resource: CONFIG_MAP.resource,
    verbs: ['create', 'patch'],
    reason: 'The authority by which proxies know the distributors, in every namespace that has servers.',
  },
];

export interface TrustMapsOptions {
  readonly kube: Pick<Kube, 'apply'>;
  /** ConfigMaps of the platform. */
  readonly configMaps: Cache;
  readonly servers: Cache;
  readonly log: Log;
}

/** What a namespace trusts, as far as the cache knows. */
export function bundleIn(configMaps: Cache, namespace: string): string | undefined {
  return textAt(configMaps.get({ namespace, name: PLATFORM_CA }), 'data', IDENTITY_FILES.ca);
}

export class TrustMaps {
  private readonly options: TrustMapsOptions;
  private bundle: string | undefined;
  /** Writes under way: the servers of a namespace come all at once. */
  private readonly writing = new Map<string, Promise<void>>();
  /** What was written and the cache has not shown yet. */
  private readonly written = new Map<string, string>();

  constructor(options: TrustMapsOptions) {
    this.options = options;
    options.configMaps.onChange(({ object: { metadata } }) => {
      if (metadata.name !== PLATFORM_CA) return;
      const namespace = metadata.namespace ?? '';
      this.written.delete(namespace);
      void this.mend(namespace);
    });
  }

  /** Gives every namespace that needs it a new bundle; one that refuses costs itself alone. */
  async spread(bundle: string, signal: AbortSignal): Promise<void> {
    this.bundle = bundle;
    await Promise.all([...this.namespaces()].map((namespace) => this.tryEnsure(namespace, signal)));
  }

  /** Makes or mends the ConfigMap of a namespace; writes nothing where it is right. @throws KubeError */
  async ensure(namespace: string, signal: AbortSignal): Promise<void> {
    const { bundle } = this;
    if (bundle === undefined || this.written.get(namespace) === bundle) return;
    if (bundleIn(this.options.configMaps, namespace) === bundle) return;
    const write =
      this.writing.get(namespace) ??
      this.write(namespace, bundle, signal).finally(() => this.writing.delete(namespace));
    this.writing.set(namespace, write);
    await write;
  }

  private namespaces(): ReadonlySet<string> {
    const servers = [...this.options.servers.list()].map(({ metadata }) => metadata.namespace ?? '');
    return new Set([NAMESPACES.platform, ...servers]);
  }

  private async mend(namespace: string): Promise<void> {
    if (!this.namespaces().has(namespace)) return;
    await this.tryEnsure(namespace, AbortSignal.timeout(10_000));
  }

  private async tryEnsure(namespace: string, signal: AbortSignal): Promise<void> {
    try {
      await this.ensure(namespace, signal);
    } catch (error) {
      const isGoing = isKubeError(error, 'not_found', 'namespace_terminating') || signal.aborted;
      if (!isGoing) {
        this.options.log.warn({ namespace, error }, 'The authority could not be made known in a namespace.');
      }
    }
  }

  private async write(namespace: string, bundle: string, signal: AbortSignal): Promise<void> {
    const object: KubeObject = {
      apiVersion: 'v1',
      kind: CONFIG_MAP.kind,
      metadata: {
        name: PLATFORM_CA,
        namespace,
        labels: { [LABELS.managedBy]: PLATFORM, [LABELS.partOf]: PLATFORM },
      },
      data: { [IDENTITY_FILES.ca]: bundle },
    };
    await this.options.kube.apply(CONFIG_MAP, object, { manager: FIELD_MANAGERS.operator }, signal);
    if (bundleIn(this.options.configMaps, namespace) !== bundle) this.written.set(namespace, bundle);
  }
}
