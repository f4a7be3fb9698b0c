// Where a sentinel's backups go, and how one is brought back. Their volume is a claim of its own and not one of the
// StatefulSet's templates: those can't be added to an installation that is there, and a namespace's other volumes are not
// lost with the one that fails.
import { ApiObject } from 'cdk8s';
import type { Container, Volume, VolumeMount } from '#constructs/kit/kubernetes.ts';
import { resourcesOf } from '#constructs/kit/pods.ts';
import { containerSecurity } from '#constructs/kit/security.ts';
import type { Construct } from 'constructs';
import { BACKUP_FOLDER, DATA_FOLDER } from './environment.ts';
import { BACKUPS, sentinelMetadata } from './names.ts';
import {
  DEFAULT_RESOURCES,
  DEFAULT_SIZE,
  type SentinelBackup,
  type SentinelProps,
} from './sentinel-props.ts';

const VOLUME = 'backups';

export function addBackupVolume(scope: Construct, { volume = {} }: SentinelBackup): void {
  if ('existingClaim' in volume) return;
  const { size = DEFAULT_SIZE, storageClass } = volume;
  new ApiObject(scope, 'backup-volume', {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: sentinelMetadata(BACKUPS),
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: storageClass,
      resources: { requests: { storage: size } },
    },
  });
}

export function backupVolumes({ backup }: SentinelProps): readonly Volume[] {
  if (backup === undefined) return [];
  const { volume = {} } = backup;
  const claimName = 'existingClaim' in volume ? volume.existingClaim : BACKUPS;
  return [{ name: VOLUME, persistentVolumeClaim: { claimName } }];
}

export function backupMounts({ backup }: SentinelProps): readonly VolumeMount[] {
  return backup === undefined ? [] : [{ name: VOLUME, mountPath: BACKUP_FOLDER }];
}

/** Before the program, whenever the pod starts: it does its work once, and finds that done from then on. */
export function restoreContainers(
  props: SentinelProps,
  mounts: readonly VolumeMount[],
): readonly Container[] {
  const { name, replace = false } = props.backup?.restoreFrom ?? {};
  if (name === undefined) return [];
  return [
    {
      name: 'restore',
      image: props.image,
      imagePullPolicy: 'IfNotPresent',
      args: ['restore', name, '--once', ...(replace ? ['--replace'] : [])],
      env: [
        { name: 'DATA_DIR', value: DATA_FOLDER },
        { name: 'BACKUP_DIR', value: BACKUP_FOLDER },
      ],
      resources: resourcesOf(props.resources ?? DEFAULT_RESOURCES),
      volumeMounts: [...mounts],
      securityContext: containerSecurity(),
    },
  ];
}
