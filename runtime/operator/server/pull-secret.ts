// The pull secret of the platform's registry, made in a server's namespace where its author names none. It is shared by
// the servers there and so has no owner. Its value comes from the operator's environment and is in no rendered tree.
import { FIELD_MANAGERS } from '#api/names.ts';
import { LABELS, PLATFORM } from '#api/labels.ts';
import type { Permission } from '#api/permission.ts';
import type { Kube } from '#runtime/kube/kube.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import type { RegistryCredentials } from '../config.ts';
import { SECRET } from '../kinds.ts';
import { textAt } from './json.ts';

const FILE = '.dockerconfigjson';

export const PULL_SECRET_PERMISSIONS: readonly Permission[] = [
  {
    group: '',
    resource: 'secrets',
    verbs: ['get', 'patch'],
    names: ['mcp-runtime-registry-pull'],
    reason: "The pull secret of the platform's registry is kept as the installation configures it.",
  },
  {
    group: '',
    resource: 'secrets',
    verbs: ['create'],
    reason: "The pull secret of the platform's registry is made where a server needs it.",
  },
];

/** What the kubelet reads: `{"auths": {"<registry>": {username, password, auth}}}`, as base64. */
function dockerConfig({ url, username, password }: RegistryCredentials): string {
  const auth = Buffer.from(`${username}:${password}`).toString('base64');
  return Buffer.from(JSON.stringify({ auths: { [url]: { username, password, auth } } })).toString('base64');
}

/** How long a secret that was right is taken for right. */
const TRUSTED_MS = 600_000;

export interface PullSecretsOptions {
  readonly kube: Kube;
  readonly credentials: RegistryCredentials;
  readonly name: string;
  /** Milliseconds that never go back. */
  readonly nowMs: () => number;
}

export class PullSecrets {
  private readonly options: PullSecretsOptions;
  /** When the secret of a namespace was last seen to be right. */
  private readonly checked = new Map<string, number>();

  constructor(options: PullSecretsOptions) {
    this.options = options;
  }

  /** Makes or mends the secret of a namespace; writes nothing where it is right. @throws KubeError */
  async ensure(namespace: string, signal: AbortSignal): Promise<void> {
    const { kube, credentials, name, nowMs } = this.options;
    const checkedMs = this.checked.get(namespace);
    if (checkedMs !== undefined && nowMs() - checkedMs < TRUSTED_MS) return;
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
