import { describe, expect, it } from '@jest/globals';
import { LABELS } from '#api/labels.ts';
import { SENTINEL_PORTS } from '#api/sentinel-config.ts';
import { Sentinel, sentinelObjects } from '#constructs/sentinel/sentinel.ts';
import type { SentinelProps, SentinelRestore } from '#constructs/sentinel/sentinel-props.ts';
import { readSentinelConfig } from '#runtime/sentinel/sentinel-config.ts';
import { z } from 'zod';
import { aChart, refusal } from '../build.ts';

const PROPS: SentinelProps = {
  image: 'example.org/mcp-runtime/sentinel:1.0.0',
  apiToken: { secretName: 'sentinel-api' },
};

const variable = z.object({
  name: z.string(),
  value: z.string().optional(),
  valueFrom: z.unknown().optional(),
});

const statefulSet = z.looseObject({
  spec: z.looseObject({
    replicas: z.number(),
    serviceName: z.string(),
    selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
    template: z.looseObject({
      metadata: z.object({ labels: z.record(z.string(), z.string()) }),
      spec: z.looseObject({
        volumes: z.array(z.looseObject({ name: z.string() })),
        containers: z.tuple([
          z.looseObject({
            env: z.array(variable),
            ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
            volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })),
          }),
        ]),
      }),
    }),
    volumeClaimTemplates: z
      .array(z.looseObject({ metadata: z.looseObject({ name: z.string() }) }))
      .optional(),
  }),
});

function objectOf(kind: string, props: Partial<SentinelProps> = {}, name = 'mcp-sentinel') {
  const found = sentinelObjects({ ...PROPS, ...props }).find(
    (object) => object.kind === kind && object.metadata.name === name,
  );
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
  return found;
}

const setOf = (props: Partial<SentinelProps> = {}) => statefulSet.parse(objectOf('StatefulSet', props)).spec;

function environmentOf(props: Partial<SentinelProps> = {}): ReadonlyMap<string, unknown> {
  const { env } = setOf(props).template.spec.containers[0];
  return new Map(env.map(({ name, value, valueFrom }) => [name, value ?? valueFrom]));
}

const ingressOf = (props: Partial<SentinelProps> = {}) =>
  z
    .looseObject({ spec: z.looseObject({ ingress: z.array(z.unknown()) }) })
    .parse(objectOf('NetworkPolicy', props)).spec.ingress;

const refused = (props: Partial<SentinelProps>) =>
  refusal(() => sentinelObjects({ ...PROPS, ...props })).problems.map(({ path }) => path);

describe('the sentinel of a cluster', () => {
  const objects = sentinelObjects(PROPS);

  it('is these objects, the program the last of them', () => {
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'Namespace mcp-sentinel',
      'ServiceAccount mcp-sentinel',
      'ClusterRole mcp-sentinel',
      'ClusterRoleBinding mcp-sentinel',
      'NetworkPolicy default-deny',
      'NetworkPolicy mcp-sentinel',
      'Service mcp-sentinel',
      'StatefulSet mcp-sentinel',
    ]);
    expect(objects.filter(({ kind }) => kind !== 'ClusterRole')).toMatchSnapshot();
  });

  it('is in its namespace, also in a chart of another', () => {
    const chart = aChart();
    new Sentinel(chart, 'sentinel', PROPS);
    expect(JSON.stringify(chart.toJson())).not.toContain('team-a');
    const clusterWide = /^(Namespace|ClusterRole|ClusterRoleBinding)$/;
    for (const { kind, metadata } of objects) {
      expect([kind, metadata.namespace]).toEqual([kind, clusterWide.test(kind) ? undefined : 'mcp-sentinel']);
    }
  });

  it('carries the mark of what the operator makes on nothing', () => {
    for (const { metadata } of objects) expect(metadata.labels).not.toHaveProperty([LABELS.managedBy]);
  });

  it('is the same bytes each time', () => {
    expect(JSON.stringify(sentinelObjects(PROPS))).toBe(JSON.stringify(objects));
  });

  it('runs once, is found by labels that its pod carries, and mounts what it has', () => {
    const { replicas, serviceName, selector, template, volumeClaimTemplates = [] } = setOf();
    expect(replicas).toBe(1);
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    expect(objectOf('Service')).toMatchObject({
      metadata: { name: serviceName },
      spec: { selector: selector.matchLabels },
    });
    const names = [...template.spec.volumes, ...volumeClaimTemplates.map(({ metadata }) => metadata)];
    const [{ volumeMounts, ports, env }] = template.spec.containers;
    expect(volumeMounts.map(({ name }) => name).sort()).toEqual(names.map(({ name }) => name).sort());
    expect(volumeMounts.map(({ mountPath }) => mountPath)).toContain(
      env.find(({ name }) => name === 'DATA_DIR')?.value,
    );
    expect(Object.fromEntries(ports.map(({ name, containerPort }) => [name, containerPort]))).toEqual(
      SENTINEL_PORTS,
    );
  });

  it('is as hardened as its namespace asks', () => {
    expect(setOf().template.spec).toMatchObject({
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            readOnlyRootFilesystem: true,
          },
          resources: { requests: { cpu: '200m', memory: '512Mi' }, limits: { cpu: '1', memory: '2Gi' } },
        },
      ],
    });
  });

  it('is configured as the program reads it', () => {
    const env = Object.fromEntries(
      [...environmentOf({ retentionDays: 7, logLevel: 'debug' })].map(([name, value]) => [
        name,
        typeof value === 'string' ? value.replaceAll('$(POD_IP)', '10.0.0.1') : 'a token of the Secret',
      ]),
    );
    const read = readSentinelConfig(env);
    expect(read).toMatchObject({
      ok: true,
      value: {
        DATA_DIR: '/var/lib/mcp-sentinel',
        INGEST_TOKENS: 'kubernetes',
        INVENTORY: 'kubernetes',
        RETENTION_DAYS: 7,
        LOG_LEVEL: 'debug',
        API_PORT: SENTINEL_PORTS.api,
        INGEST_PORT: SENTINEL_PORTS.ingest,
        API_ALLOWED_HOSTS: expect.arrayContaining(['10.0.0.1', '[10.0.0.1]', 'mcp-sentinel']),
      },
    });
  });

  it('may change nothing, and ask whose a token is', () => {
    const { rules } = z
      .looseObject({
        rules: z.array(z.object({ resources: z.array(z.string()), verbs: z.array(z.string()) })),
      })
      .parse(objectOf('ClusterRole'));
    for (const { resources, verbs } of rules) {
      const allowed = resources[0] === 'tokenreviews' ? ['create'] : ['get', 'list', 'watch'];
      expect(verbs.filter((verb) => !allowed.includes(verb))).toEqual([]);
    }
    expect(rules.flatMap(({ resources }) => resources)).not.toContain('secrets');
  });
});

describe('the API of a sentinel', () => {
  it('has a token that is in no manifest', () => {
    expect(environmentOf().get('API_TOKEN')).toEqual({
      secretKeyRef: { name: 'sentinel-api', key: 'token' },
    });
    const other = environmentOf({ apiToken: { secretName: 'a', key: 'b' } });
    expect(other.get('API_TOKEN')).toEqual({ secretKeyRef: { name: 'a', key: 'b' } });
    expect(sentinelObjects(PROPS).some(({ kind }) => kind === 'Secret')).toBe(false);
  });

  it('answers to the names of its Service, to its address, and to the hosts that are said', () => {
    const env = environmentOf({ clusterDomain: 'cluster.example', hosts: ['audit.example.org'] });
    expect(String(env.get('API_ALLOWED_HOSTS')).split(',')).toEqual([
      'mcp-sentinel.mcp-sentinel.svc.cluster.example',
      'mcp-sentinel.mcp-sentinel.svc',
      'mcp-sentinel.mcp-sentinel',
      'mcp-sentinel',
      'audit.example.org',
      '$(POD_IP)',
      '[$(POD_IP)]',
    ]);
    const names = [...env.keys()];
    expect(names.indexOf('POD_IP')).toBeLessThan(names.indexOf('API_ALLOWED_HOSTS'));
  });

  it('can be reached by nobody who was not named, while every server reaches ingest', () => {
    const ofServers = {
      from: [
        {
          namespaceSelector: {},
          podSelector: { matchLabels: { 'app.kubernetes.io/managed-by': 'mcp-runtime' } },
        },
      ],
      ports: [{ port: 8081, protocol: 'TCP' }],
    };
    expect(ingressOf()).toEqual([ofServers]);
    expect(ingressOf({ clients: [] })).toEqual([ofServers]);
    const clients = [{ namespace: 'monitoring' }, { namespace: 'ingress', podLabels: { app: 'envoy' } }];
    expect(ingressOf({ clients })).toEqual([
      ofServers,
      {
        from: [
          { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } } },
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress' } },
            podSelector: { matchLabels: { app: 'envoy' } },
          },
        ],
        ports: [{ port: 8082, protocol: 'TCP' }],
      },
    ]);
  });
});

describe('what a sentinel keeps', () => {
  it('is on a volume that outlives its pod', () => {
    const { volumeClaimTemplates } = setOf({ storage: { size: '1Ti', storageClass: 'fast' } });
    expect(volumeClaimTemplates).toMatchObject([
      { spec: { storageClassName: 'fast', resources: { requests: { storage: '1Ti' } } } },
    ]);
    expect(setOf().volumeClaimTemplates).toMatchObject([
      { spec: { resources: { requests: { storage: '20Gi' } } } },
    ]);
  });

  it('is lost with the pod only where somebody says why, and never fills the node', () => {
    const spec = setOf({ storage: { ephemeral: { reason: 'a test' } } });
    expect(spec.volumeClaimTemplates).toBeUndefined();
    expect(spec.template.spec.volumes).toEqual([
      { name: 'data', emptyDir: { sizeLimit: '20Gi' } },
      { name: 'tmp', emptyDir: { sizeLimit: '1Gi' } },
    ]);
  });

  it('is kept for as long as it is said', () => {
    expect(environmentOf().has('RETENTION_DAYS')).toBe(false);
    expect(environmentOf({ retentionDays: 7 }).get('RETENTION_DAYS')).toBe('7');
  });
});

describe('a sentinel, given bad input,', () => {
  it.each(['1Gi', '4Gi', '10', '20G', '1.5Ti', '0Gi', '-5Gi', '20GiB', ''])(
    'refuses %j of storage',
    (size) => {
      expect(refused({ storage: { size } })).toEqual(['storage.size']);
    },
  );

  it('takes five Gi and more', () => {
    for (const size of ['5Gi', '20Gi', '500Gi', '1Ti']) {
      expect(sentinelObjects({ ...PROPS, storage: { size } })).toHaveLength(8);
    }
  });

  it('says everything at once, with its path', () => {
    const chart = aChart();
    const error = refusal(
      () =>
        new Sentinel(chart, 'audit', {
          image: 'example.org/sentinel',
          apiToken: { secretName: 'Not a name', key: 'k' },
          storage: { ephemeral: { reason: ' ' } },
          retentionDays: 0,
          clients: [{ namespace: 'monitoring' }, { namespace: 'a.b' }],
          hosts: ['https://audit.example.org'],
          clusterDomain: 'cluster local',
          apiServerPorts: [443, 0],
        }),
    );
    expect(error.constructPath).toBe('demo/audit');
    expect(error.problems.map(({ path }) => path)).toEqual([
      'image',
      'apiToken.secretName',
      'storage.ephemeral.reason',
      'retentionDays',
      'clients[1].namespace',
      'hosts[0]',
      'clusterDomain',
      'apiServerPorts[1]',
    ]);
    expect(chart.node.children).toEqual([]);
    expect(refused({ apiToken: { secretName: 'a', key: ' ' } })).toEqual(['apiToken.key']);
    expect(refused({ storage: { storageClass: 'Fast' } })).toEqual(['storage.storageClass']);
  });
});

describe('backups of a sentinel', () => {
  const backup = { every: '12h', retain: 3, volume: { size: '50Gi', storageClass: 'cold' } };
  const claimOf = (set: ReturnType<typeof setOf>) =>
    set.template.spec.volumes.find(({ name }) => name === 'backups')?.['persistentVolumeClaim'];

  it('are none unless asked for', () => {
    expect(environmentOf().has('BACKUP_DIR')).toBe(false);
    expect(claimOf(setOf())).toBeUndefined();
  });

  it('go to a volume of their own, which no template of the set has, so that one that runs can get it', () => {
    const environment = environmentOf({ backup });
    expect([...environment].filter(([name]) => name.startsWith('BACKUP_'))).toEqual([
      ['BACKUP_DIR', '/var/lib/mcp-sentinel-backups'],
      ['BACKUP_EVERY', '12h'],
      ['BACKUP_RETAIN', '3'],
    ]);
    const claim = objectOf('PersistentVolumeClaim', { backup }, 'mcp-sentinel-backups');
    expect(claim).toMatchObject({
      metadata: { namespace: 'mcp-sentinel' },
      spec: { storageClassName: 'cold', resources: { requests: { storage: '50Gi' } } },
    });
    expect(claimOf(setOf({ backup }))).toEqual({ claimName: 'mcp-sentinel-backups' });
    expect(setOf({ backup }).volumeClaimTemplates).toEqual(setOf().volumeClaimTemplates);
  });

  it('go to a claim that is there already, which is then not made', () => {
    const existing = { backup: { volume: { existingClaim: 'vault' } } };
    expect(claimOf(setOf(existing))).toEqual({ claimName: 'vault' });
    const kinds = sentinelObjects({ ...PROPS, ...existing }).map(({ kind }) => kind);
    expect(kinds).not.toContain('PersistentVolumeClaim');
  });

  it('are restored before the program starts, once, and replace only where that is said', () => {
    const argsOf = (restoreFrom: SentinelRestore) =>
      z
        .tuple([z.looseObject({ image: z.string(), args: z.array(z.string()) })])
        .parse(setOf({ backup: { restoreFrom } }).template.spec['initContainers'])[0];
    const name = '2026-11-30T03-00-00.000Z-0c9d1f3a';
    expect(argsOf({ name })).toMatchObject({ image: PROPS.image, args: ['restore', name, '--once'] });
    expect(argsOf({ name, replace: true }).args).toEqual(['restore', name, '--once', '--replace']);
  });

  it('refuse what can not be', () => {
    const wrong = {
      every: '1s',
      retain: 0,
      volume: { size: '1Gi' },
      restoreFrom: { name: '../other' },
    };
    expect(refused({ backup: wrong })).toEqual([
      'backup.every',
      'backup.retain',
      'backup.volume.size',
      'backup.restoreFrom.name',
    ]);
    expect(refused({ backup: { every: 'daily', volume: { existingClaim: 'A b' } } })).toEqual([
      'backup.every',
      'backup.volume.existingClaim',
    ]);
  });
});
