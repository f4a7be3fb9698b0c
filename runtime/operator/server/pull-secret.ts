// The pull secret of the platform's registry, made in a server's namespace where its author names none. It is shared by
// the servers there and so has no owner. Its value comes from the operator's environment and is in no rendered tree.
import { FIELD_MANAGERS } from '#api/names.ts';
import { LABELS, PLATFORM } from '#api/labels.ts';
import type { Permission } from '#api/permission.ts';
import type { Kube } from '#runtime/kube/kube.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import { SECRET } from '#runtime/policy-book/kinds.ts';
import type { RegistryCredentials } from '../config.ts';
import { textAt } from '#runtime/kube/json-path.ts';

const FILE = '.dockerconfigjson';

export const PERMISSIONS: readonly Permission[] = [
  {
    group: '',
    resource: 'secrets',
    verbs: ['get', 'create', 'patch'],
    names: ['mcp-runtime-registry-pull'],
    reason: "The pull secret of the platform's registry is kept up to date where servers need it.",
  },
];

/** What the kubelet reads: `{"auths": {"<registry>": {username, password, auth}}}`, as base64. */
function dockerConfig({ url, username, password }: RegistryCredentials): string {
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  return Buffer.from(JSON.stringify({ auths: { [url]: { username, password, auth } } })).toString('base64');
}

/** How long a secret that was right is taken for right; a namespace may go and come back meanwhile. */
const TRUSTED_MS = 60_000;

export interface PullSecretsOptions {
  readonly kube: Pick<Kube, 'get' | 'apply'>;
  readonly credentials: RegistryCredentials;
  readonly name: string;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
}

export class PullSecrets {
  private readonly options: PullSecretsOptions;
  /** When the secret of a namespace was last seen to be right. */
  private readonly checked = new Map<string, number>();
  /** Looks that are under way: the servers of a namespace come all at once, and one look is enough for them. */
  private readonly looking = new Map<string, Promise<void>>();

  constructor(options: PullSecretsOptions) {
    this.options = options;
  }

  /** Makes or mends the secret of a namespace; writes nothing where it is right. @throws KubeError */
  async ensure(namespace: string, signal: AbortSignal): Promise<void> {
    const checkedMs = this.checked.get(namespace);
    if (checkedMs !== undefined && this.options.nowMs() - checkedMs < TRUSTED_MS) return;
    const look =
      this.looking.get(namespace) ??
      this.mend(namespace, signal).finally(() => this.looking.delete(namespace));
    this.looking.set(namespace, look);
    await look;
  }

  private async mend(namespace: string, signal: AbortSignal): Promise<void> {
    const { kube, credentials, name, nowMs } = this.options;
    const data = dockerConfig(credentials);
    const live = await kube.get(SECRET, { namespace, name }, signal);
    if (textAt(live, 'data', FILE) !== data) {
      const secret: KubeObject = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name, namespace, labels: { [LABELS.managedBy]: PLATFORM, [LABELS.partOf]: PLATFORM } },
        type: 'kubernetes.io/dockerconfigjson',
        data: { [FILE]: data },
      };
      await kube.apply(SECRET, secret, { manager: FIELD_MANAGERS.operator }, signal);
    }
    this.checked.set(namespace, nowMs());
  }
}
