// The environment of a sentinel in a pod. Its contract is src/api/sentinel-config.ts; the token comes by reference.
import type { SentinelEnvironment } from '#api/sentinel-config.ts';
import type { EnvVar } from '#constructs/kit/kubernetes.ts';
import { serviceNames } from './names.ts';
import {
  DEFAULT_CLUSTER_DOMAIN,
  DEFAULT_EVERY,
  DEFAULT_TOKEN_KEY,
  type SentinelBackup,
  type SentinelProps,
} from './sentinel-props.ts';

export const DATA_FOLDER = '/var/lib/mcp-sentinel';
export const BACKUP_FOLDER = '/var/lib/mcp-sentinel-backups';

type Values = Omit<SentinelEnvironment, 'API_TOKEN'>;

/** Probes and Prometheus call a pod by its address; the second form is that of an IPv6 one. */
const POD_NAMES = ['$(POD_IP)', '[$(POD_IP)]'];

function values({ clusterDomain = DEFAULT_CLUSTER_DOMAIN, hosts = [], ...props }: SentinelProps): Values {
  return {
    DATA_DIR: DATA_FOLDER,
    INGEST_HOST: '0.0.0.0',
    INGEST_TOKENS: 'kubernetes',
    INVENTORY: 'kubernetes',
    API_HOST: '0.0.0.0',
    API_ALLOWED_HOSTS: [...serviceNames(clusterDomain), ...hosts, ...POD_NAMES].join(','),
    ...(props.retentionDays !== undefined && { RETENTION_DAYS: String(props.retentionDays) }),
    ...(props.backup !== undefined && backupValues(props.backup)),
    ...(props.logLevel !== undefined && { LOG_LEVEL: props.logLevel }),
  };
}

function backupValues({ every = DEFAULT_EVERY, retain }: SentinelBackup) {
  return {
    BACKUP_DIR: BACKUP_FOLDER,
    BACKUP_EVERY: every,
    ...(retain !== undefined && { BACKUP_RETAIN: String(retain) }),
  };
}

/** What a value refers to stands before it. */
export function sentinelEnvironment(props: SentinelProps): readonly EnvVar[] {
  const { secretName, key = DEFAULT_TOKEN_KEY } = props.apiToken;
  return [
    { name: 'POD_IP', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'status.podIP' } } },
    ...Object.entries(values(props)).map(([name, value]) => ({ name, value })),
    { name: 'API_TOKEN', valueFrom: { secretKeyRef: { name: secretName, key } } },
  ];
}
