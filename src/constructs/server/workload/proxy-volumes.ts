// What the proxy reads and writes. Nothing of it is mounted in the server's container: who holds the tokens is the
// proxy to the platform, who has the keys opens any session, and who writes the state decides what was recorded.
import { PLATFORM_CA, TOKEN_AUDIENCES } from '#api/names.ts';
import { IDENTITY_FILES, PROXY_PATHS } from '#api/proxy-config.ts';
import { Quantity, type Volume, type VolumeMount } from '#constructs/kit/kubernetes.ts';
import type { WorkloadContext } from './workload-context.ts';

/** Names of the volumes. `gateway-policy` is a name that installations know. */
export const PROXY_VOLUMES = {
  policy: 'gateway-policy',
  state: 'gateway-state',
  identity: 'gateway-identity',
  keys: 'gateway-keys',
} as const;

const TOKEN_SECONDS = 3600;
/** More than the audit spool may grow to, so that the proxy and not the kubelet decides what happens when it is full. */
const STATE_SIZE = '128Mi';

export function proxyVolumes({ names }: WorkloadContext): readonly Volume[] {
  const token = (audience: string, file: string) => ({
    serviceAccountToken: { audience, path: file, expirationSeconds: TOKEN_SECONDS },
  });
  return [
    { name: PROXY_VOLUMES.policy, configMap: { name: names.policyConfigMap } },
    { name: PROXY_VOLUMES.state, emptyDir: { sizeLimit: Quantity.fromString(STATE_SIZE) } },
    {
      name: PROXY_VOLUMES.identity,
      projected: {
        sources: [
          token(TOKEN_AUDIENCES.policy, IDENTITY_FILES.policyToken),
          token(TOKEN_AUDIENCES.ingest, IDENTITY_FILES.ingestToken),
          // Optional: an installation without the platform's own CA has none to give.
          {
            configMap: {
              name: PLATFORM_CA,
              optional: true,
              items: [{ key: IDENTITY_FILES.ca, path: IDENTITY_FILES.ca }],
            },
          },
        ],
      },
    },
    // Not optional: a proxy that made keys of its own would not know what its peers seal. Whoever applies the pods
    // makes the Secret first; its content is random, so it is in no rendered tree.
    { name: PROXY_VOLUMES.keys, secret: { secretName: names.keysSecret } },
  ];
}

export const PROXY_MOUNTS: readonly VolumeMount[] = [
  { name: PROXY_VOLUMES.policy, mountPath: PROXY_PATHS.policyFolder, readOnly: true },
  { name: PROXY_VOLUMES.state, mountPath: PROXY_PATHS.stateFolder },
  { name: PROXY_VOLUMES.identity, mountPath: PROXY_PATHS.identityFolder, readOnly: true },
  { name: PROXY_VOLUMES.keys, mountPath: PROXY_PATHS.keysFolder, readOnly: true },
];
