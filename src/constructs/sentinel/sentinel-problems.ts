// What is wrong with an installation of the sentinel, found before anything is applied.
import { parseDurationMs } from '#api/duration.ts';
import type { Problem } from '#api/result.ts';
import { dnsLabel, dnsSubdomain } from '#api/schema.ts';
import { imageProblem, numberProblem } from '#constructs/kit/problems.ts';
import type { SentinelProps } from './sentinel-props.ts';

type NameSchema = typeof dnsLabel;

function nameProblem(path: string, name: string | undefined, schema: NameSchema): readonly Problem[] {
  const message = name === undefined ? undefined : schema.safeParse(name).error?.issues[0]?.message;
  return message === undefined ? [] : [{ path, message }];
}

/** The log alone may grow to 2 GiB before events are refused. */
const SMALLEST_GI = 5;

function sizeProblem(path: string, size: string | undefined): readonly Problem[] {
  if (size === undefined) return [];
  const [, number = '0', unit] = /^([1-9][0-9]{0,4})(Gi|Ti)$/.exec(size) ?? [];
  if (unit === 'Ti' || Number(number) >= SMALLEST_GI) return [];
  const message = `must be a whole number of Gi or Ti, ${SMALLEST_GI}Gi or more`;
  return [{ path, message }];
}

function storageProblems({ storage = {} }: SentinelProps): readonly Problem[] {
  if (!('ephemeral' in storage)) {
    return [
      ...sizeProblem('storage.size', storage.size),
      ...nameProblem('storage.storageClass', storage.storageClass, dnsSubdomain),
    ];
  }
  if (storage.ephemeral.reason.trim() !== '') return [];
  return [{ path: 'storage.ephemeral.reason', message: 'must say why events may be lost with the pod' }];
}

/** As src/api/duration.ts reads it. */
const EVERY = /^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/;
const SHORTEST_EVERY_MS = 60_000;
const BACKUP_NAME = /^[0-9A-Za-z][0-9A-Za-z.-]*$/;

function everyProblem(every: string | undefined): readonly Problem[] {
  if (every === undefined || (EVERY.test(every) && parseDurationMs(every) >= SHORTEST_EVERY_MS)) return [];
  return [{ path: 'backup.every', message: 'must be a duration of a minute or more, such as 24h or 90m' }];
}

function backupProblems({ backup }: SentinelProps): readonly Problem[] {
  if (backup === undefined) return [];
  const { every, retain, volume = {}, restoreFrom } = backup;
  const message = 'must be the name of a backup, as it is listed';
  return [
    ...everyProblem(every),
    ...numberProblem('backup.retain', retain, [1, 1000]),
    ...('existingClaim' in volume
      ? nameProblem('backup.volume.existingClaim', volume.existingClaim, dnsSubdomain)
      : [
          ...sizeProblem('backup.volume.size', volume.size),
          ...nameProblem('backup.volume.storageClass', volume.storageClass, dnsSubdomain),
        ]),
    ...(restoreFrom === undefined || BACKUP_NAME.test(restoreFrom.name)
      ? []
      : [{ path: 'backup.restoreFrom.name', message }]),
  ];
}

function tokenProblems({ apiToken }: SentinelProps): readonly Problem[] {
  if (apiToken.key?.trim() === '') {
    return [{ path: 'apiToken.key', message: 'must name the key that holds the token' }];
  }
  return nameProblem('apiToken.secretName', apiToken.secretName, dnsSubdomain);
}

export function sentinelProblems(props: SentinelProps): readonly Problem[] {
  return [
    ...imageProblem('image', props.image),
    ...tokenProblems(props),
    ...storageProblems(props),
    ...backupProblems(props),
    ...numberProblem('retentionDays', props.retentionDays, [1, 3650]),
    ...(props.clients ?? []).flatMap(({ namespace }, index) =>
      nameProblem(`clients[${index}].namespace`, namespace, dnsLabel),
    ),
    ...(props.hosts ?? []).flatMap((host, index) => nameProblem(`hosts[${index}]`, host, dnsSubdomain)),
    ...nameProblem('clusterDomain', props.clusterDomain, dnsSubdomain),
    ...(props.apiServerPorts ?? []).flatMap((port, index) =>
      numberProblem(`apiServerPorts[${index}]`, port, [1, 65_535]),
    ),
  ];
}
