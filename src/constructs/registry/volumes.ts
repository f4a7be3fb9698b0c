// What a bundled registry mounts: its images, room to receive them, and by reference its certificate and its users.
import { Quantity, type Volume, type VolumeMount } from '#constructs/kit/kubernetes.ts';
import { REGISTRY } from './names.ts';
import type { BundledRegistry } from './registry-settings.ts';

export const REGISTRY_FOLDERS = {
  data: '/var/lib/registry',
  scratch: '/tmp',
  tls: '/etc/registry/tls',
  login: '/etc/registry/login',
} as const;

interface Mounted {
  readonly volume: Volume;
  readonly mount: VolumeMount;
}

function secret(name: string, mountPath: string, secretName: string): Mounted {
  return { volume: { name, secret: { secretName } }, mount: { name, mountPath, readOnly: true } };
}

export function mountedVolumes(settings: BundledRegistry): readonly Mounted[] {
  const { data, scratch, tls, login } = REGISTRY_FOLDERS;
  const { htpasswdSecret } = settings;
  return [
    {
      volume: { name: 'data', persistentVolumeClaim: { claimName: REGISTRY } },
      mount: { name: 'data', mountPath: data },
    },
    {
      volume: { name: 'tmp', emptyDir: { sizeLimit: Quantity.fromString('1Gi') } },
      mount: { name: 'tmp', mountPath: scratch },
    },
    ...(settings.mode === 'bundled-https' ? [secret('tls', tls, settings.certificateSecret)] : []),
    ...(htpasswdSecret === undefined ? [] : [secret('login', login, htpasswdSecret)]),
  ];
}
