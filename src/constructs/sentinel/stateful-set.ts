// The one pod of the sentinel. There is one because its log and its store are files of one process; a second would wait
// for a volume that the first one holds. Proxies keep what they can't deliver, so a restart loses nothing.
import { SENTINEL_PATHS } from '#api/sentinel-api.ts';
import { SENTINEL_PORTS } from '#api/sentinel-config.ts';
import {
  KubeStatefulSet,
  Quantity,
  type Container,
  type PodTemplateSpec,
  type Probe,
  type Volume,
  type VolumeMount,
} from '#constructs/kit/kubernetes.ts';
import { pageProbe, resourcesOf } from '#constructs/kit/pods.ts';
import { containerSecurity, podSecurity } from '#constructs/kit/security.ts';
import type { Construct } from 'constructs';
import { backupMounts, backupVolumes, restoreContainers } from './backups.ts';
import { DATA_FOLDER, sentinelEnvironment } from './environment.ts';
import { SENTINEL, SENTINEL_LABELS, SENTINEL_SELECTOR, sentinelMetadata } from './names.ts';
import {
  DEFAULT_RESOURCES,
  DEFAULT_SIZE,
  type SentinelProps,
  type SentinelVolume,
} from './sentinel-props.ts';

const DATA = 'data';
const SCRATCH = 'tmp';
/** The log is closed within ten seconds, and the store after it. */
const GRACE_SECONDS = 30;

/** A log of its largest size is read through before anything listens. */
function startupProbe(): Probe {
  const times = { initialDelaySeconds: 1, periodSeconds: 2 };
  return { ...pageProbe('api', SENTINEL_PATHS.health, times), failureThreshold: 90 };
}

function mounts(props: SentinelProps): readonly VolumeMount[] {
  return [
    { name: DATA, mountPath: DATA_FOLDER },
    // The engine sorts there what is too large for memory.
    { name: SCRATCH, mountPath: '/tmp' },
    ...backupMounts(props),
  ];
}

function container(props: SentinelProps): Container {
  return {
    name: 'sentinel',
    image: props.image,
    imagePullPolicy: 'IfNotPresent',
    ports: [
      { name: 'ingest', containerPort: SENTINEL_PORTS.ingest },
      { name: 'api', containerPort: SENTINEL_PORTS.api },
    ],
    env: [...sentinelEnvironment(props)],
    resources: resourcesOf(props.resources ?? DEFAULT_RESOURCES),
    volumeMounts: [...mounts(props)],
    securityContext: containerSecurity(),
    startupProbe: startupProbe(),
    livenessProbe: pageProbe('api', SENTINEL_PATHS.health, { periodSeconds: 20 }),
    readinessProbe: pageProbe('api', SENTINEL_PATHS.ready, { periodSeconds: 5 }),
  };
}

/** Bounded, so that events which may be lost don't fill the node. */
const emptyVolume = (name: string, limit: string): Volume => ({
  name,
  emptyDir: { sizeLimit: Quantity.fromString(limit) },
});

function podTemplate(props: SentinelProps, volumes: readonly Volume[]): PodTemplateSpec {
  const restore = restoreContainers(props, mounts(props));
  const pullSecrets = (props.imagePullSecrets ?? []).map((name) => ({ name }));
  return {
    metadata: { labels: { ...SENTINEL_LABELS } },
    spec: {
      serviceAccountName: SENTINEL,
      automountServiceAccountToken: true,
      enableServiceLinks: false,
      securityContext: podSecurity(),
      imagePullSecrets: pullSecrets.length === 0 ? undefined : pullSecrets,
      terminationGracePeriodSeconds: GRACE_SECONDS,
      initContainers: restore.length === 0 ? undefined : [...restore],
      containers: [container(props)],
      volumes: [...volumes, emptyVolume(SCRATCH, '1Gi'), ...backupVolumes(props)],
    },
  };
}

function claim({ size = DEFAULT_SIZE, storageClass }: SentinelVolume) {
  return {
    metadata: { name: DATA, labels: { ...SENTINEL_LABELS } },
    spec: {
      accessModes: ['ReadWriteOnce'],
      storageClassName: storageClass,
      resources: { requests: { storage: Quantity.fromString(size) } },
    },
  };
}

export function addSentinelStatefulSet(scope: Construct, props: SentinelProps): KubeStatefulSet {
  const { storage = {} } = props;
  const isEphemeral = 'ephemeral' in storage;
  return new KubeStatefulSet(scope, 'stateful-set', {
    metadata: sentinelMetadata(),
    spec: {
      serviceName: SENTINEL,
      replicas: 1,
      // With the other policy a pod that can't start is never replaced by one that could.
      podManagementPolicy: 'Parallel',
      selector: { matchLabels: { ...SENTINEL_SELECTOR } },
      template: podTemplate(props, isEphemeral ? [emptyVolume(DATA, DEFAULT_SIZE)] : []),
      volumeClaimTemplates: isEphemeral ? undefined : [claim(storage)],
    },
  });
}
