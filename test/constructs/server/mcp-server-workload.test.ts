import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { deploymentSelector, podSelector } from '#api/labels.ts';
import { InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { workloadObjects } from '#constructs/server/mcp-server-workload.ts';
import {
  CONFIG,
  containerOf,
  deploymentOf,
  deploymentsOf,
  objectsOf,
  ofKind,
  policyOf,
  storedServer,
} from './workload-build.ts';

/** Servers that differ in what changes the shape of their children. */
const SHAPES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  governed: {},
  'without a proxy': { gateway: undefined, analytics: undefined },
  'with OAuth and a host': {
    auth: { mode: 'oauth', issuerURL: 'https://login.example.org' },
    ingressHost: 'mcp.example.org',
  },
  'with a canary': { replicas: 4, rollout: { strategy: 'Canary', canaryReplicas: 1 } },
  'with a template': {
    podTemplate: {
      metadata: { labels: { app: 'other', tier: 'demo' }, annotations: { note: 'kept' } },
      spec: {
        nodeSelector: { disk: 'ssd' },
        tolerations: [{ key: 'gpu', operator: 'Exists' }],
        terminationGracePeriodSeconds: 10,
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'notes' } }],
        containers: [
          {
            command: ['notes'],
            args: ['--port', '8088'],
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
            livenessProbe: { exec: { command: ['true'] } },
          },
        ],
      },
    },
    network: {
      clients: [{ namespace: 'agents', podLabels: { role: 'agent' } }],
      egress: [{ cidr: '203.0.113.0/24', ports: [{ port: 443 }] }],
    },
  },
  suspended: { replicas: 3, suspend: true },
};

const everyShape = Object.entries(SHAPES).map(
  ([name, spec]) => [name, objectsOf(storedServer(spec))] as const,
);

const servicePorts = z.object({
  spec: z.looseObject({
    selector: z.record(z.string(), z.string()),
    ports: z.array(z.object({ name: z.string(), port: z.number(), targetPort: z.number() })),
  }),
});

const ingressPaths = z.object({
  spec: z.looseObject({
    rules: z.array(
      z.looseObject({
        http: z.object({
          paths: z.array(
            z.object({
              path: z.string(),
              pathType: z.string(),
              backend: z.object({
                service: z.object({ name: z.string(), port: z.object({ number: z.number() }) }),
              }),
            }),
          ),
        }),
      }),
    ),
  }),
});

const policyPorts = z.object({
  spec: z.looseObject({
    podSelector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
    ingress: z.array(z.looseObject({ ports: z.array(z.looseObject({ port: z.number() })) })),
  }),
});

function one(objects: readonly Manifest[], kind: string): Manifest {
  const [first] = ofKind(objects, kind);
  if (first === undefined) throw new Error(`there is no ${kind}`);
  return first;
}

const template = (objects: readonly Manifest[]) => deploymentOf(objects).spec.template;

describe('the children of a server', () => {
  it('are these', () => {
    const objects = objectsOf(storedServer());
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'ServiceAccount notes',
      'ConfigMap notes-gateway-policy',
      'NetworkPolicy notes-gateway',
      'Deployment notes',
      'Service notes',
      'Ingress notes',
    ]);
    expect(objects.filter(({ kind }) => kind !== 'ConfigMap')).toMatchSnapshot();
  });

  it('are fewer without a proxy', () => {
    const objects = objectsOf(storedServer({ gateway: undefined, analytics: undefined }));
    expect(objects.map(({ kind }) => kind)).toEqual(['ServiceAccount', 'Deployment', 'Service', 'Ingress']);
    expect(objects).toMatchSnapshot();
  });

  it('are made of what an author puts into the template, beside ours', () => {
    expect(template(objectsOf(storedServer(SHAPES['with a template'])))).toMatchSnapshot();
  });

  it('belong to the server, which is their controller', () => {
    for (const object of objectsOf(storedServer())) {
      expect(object.metadata).toMatchObject({
        namespace: 'team-a',
        ownerReferences: [{ kind: 'MCPServer', name: 'notes', uid: '1f0c', controller: true }],
      });
    }
  });

  it('are the same bytes each time', () => {
    expect(JSON.stringify(objectsOf(storedServer()))).toBe(JSON.stringify(objectsOf(storedServer())));
  });

  it('are refused where the installation lacks what they need, with everything that is missing', () => {
    const config = { ...CONFIG, gatewayImage: undefined, ingestUrl: undefined };
    const render = () => workloadObjects({ server: storedServer(), config });
    expect(render).toThrow(InvalidConstructError);
    expect(render).toThrow(/spec\.gateway\.image[^]*spec\.analytics\.ingestURL/);
  });

  it('are refused for a mode that the proxy does not serve', () => {
    const server = storedServer({ auth: { mode: 'mtls', trustDomain: 'example.org' } });
    expect(() => objectsOf(server)).toThrow(/spec\.auth\.mode: mtls/);
  });
});

describe.each(everyShape)('the children of a server %s', (_name, objects) => {
  it('have selectors that their pods carry', () => {
    const selected = one(objects, 'Service');
    for (const { spec } of deploymentsOf(objects)) {
      const { labels } = spec.template.metadata;
      expect(labels).toMatchObject(spec.selector.matchLabels);
      expect(labels).toMatchObject(servicePorts.parse(selected).spec.selector);
    }
  });

  it('use the selectors of installations that there are', () => {
    expect(deploymentOf(objects).spec.selector.matchLabels).toEqual(deploymentSelector('notes', 'stable'));
    expect(servicePorts.parse(one(objects, 'Service')).spec.selector).toEqual(podSelector('notes'));
  });

  it('speak of ports that exist', () => {
    const containers = template(objects).spec.containers;
    const open = containers.flatMap(({ ports }) => ports.map(({ containerPort }) => containerPort));
    const service = servicePorts.parse(one(objects, 'Service')).spec.ports;
    const backends = ingressPaths
      .parse(one(objects, 'Ingress'))
      .spec.rules.flatMap(({ http }) => http.paths.map(({ backend }) => backend.service));
    const probed = containers.flatMap(({ livenessProbe, readinessProbe }) =>
      [livenessProbe?.httpGet?.port, readinessProbe?.httpGet?.port].filter((port) => port !== undefined),
    );
    const allowed = ofKind(objects, 'NetworkPolicy')
      .map((object) => policyPorts.parse(object))
      .flatMap(({ spec }) => spec.ingress.flatMap(({ ports }) => ports.map(({ port }) => port)));
    expect(open).toEqual(
      expect.arrayContaining([...service.map((port) => port.targetPort), ...probed, ...allowed]),
    );
    for (const backend of backends) {
      expect(backend.name).toBe(one(objects, 'Service').metadata.name);
      expect(service.map(({ port }) => port)).toContain(backend.port.number);
    }
    expect(new Set(open).size).toBe(open.length);
  });

  it('have mounts that are volumes, and no volume that nobody mounts', () => {
    const { containers, volumes } = template(objects).spec;
    const mounted = new Set(containers.flatMap(({ volumeMounts }) => volumeMounts.map(({ name }) => name)));
    expect([...mounted].sort()).toEqual(volumes.map(({ name }) => name).sort());
  });

  it('never run as root, gain nothing, and have their limits', () => {
    const { spec } = template(objects);
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65532 });
    expect(spec.automountServiceAccountToken).toBe(false);
    for (const { securityContext, resources } of spec.containers) {
      expect(securityContext).toMatchObject({
        allowPrivilegeEscalation: false,
        capabilities: { drop: ['ALL'] },
        privileged: false,
        runAsNonRoot: true,
        seccompProfile: { type: 'RuntimeDefault' },
      });
      for (const bound of [resources.requests, resources.limits]) {
        expect(Object.keys(bound).sort()).toEqual(['cpu', 'memory']);
      }
    }
  });

  it('name a version of every image', () => {
    for (const { image } of template(objects).spec.containers) {
      expect(image).toMatch(/[:@]/);
      expect(image).not.toMatch(/:latest$/);
    }
  });
});

describe('the proxy beside a server', () => {
  const objects = objectsOf(storedServer());
  const proxy = containerOf(objects, 'mcp-gateway');
  const server = containerOf(objects, 'notes');

  it('can change no file but its state', () => {
    expect(proxy.securityContext.readOnlyRootFilesystem).toBe(true);
    const writable = proxy.volumeMounts.filter((mount) => mount['readOnly'] !== true);
    expect(writable.map(({ name }) => name)).toEqual(['gateway-state']);
  });

  it('holds the tokens alone', () => {
    const identity = template(objects).spec.volumes.find(({ name }) => name === 'gateway-identity');
    expect(JSON.stringify(identity)).toMatch(/mcp-runtime-policy.*mcp-runtime-ingest/);
    expect(proxy.volumeMounts.map(({ name }) => name)).toContain('gateway-identity');
    expect(server.volumeMounts).toEqual([]);
  });

  it('is asked whether the server is ready, because nobody else can reach it', () => {
    expect(server.env).toContainEqual({ name: 'HOST', value: '127.0.0.1' });
    expect(server.readinessProbe?.httpGet).toEqual({ path: '/ready', port: 9103 });
    expect(server.livenessProbe).toBeUndefined();
  });

  it('ends before the server does, and after nobody calls any more', () => {
    const sleep = z.object({ preStop: z.object({ sleep: z.object({ seconds: z.number() }) }) });
    const seconds = (lifecycle: unknown) => sleep.parse(lifecycle).preStop.sleep.seconds;
    const drain = Number(proxy.env.find(({ name }) => name === 'DRAIN_MS')?.value) / 1000;
    const grace = template(objects).spec.terminationGracePeriodSeconds;
    expect(seconds(proxy.lifecycle)).toBeGreaterThanOrEqual(5);
    expect(seconds(server.lifecycle)).toBeGreaterThan(seconds(proxy.lifecycle) + drain);
    expect(grace).toBeGreaterThan(seconds(server.lifecycle));
  });

  it('knows the URL of callers with the scheme that they use', () => {
    const config = { ...CONFIG, ingressTls: true };
    const exposed = objectsOf(storedServer({ ingressHost: 'mcp.example.org' }), config);
    const url = { name: 'EXTERNAL_BASE_URL', value: 'https://mcp.example.org/notes/mcp' };
    expect(containerOf(exposed, 'mcp-gateway').env).toContainEqual(url);
  });

  it('is the only one that pods of other namespaces may call', () => {
    const { spec } = policyPorts.parse(one(objects, 'NetworkPolicy'));
    expect(spec.podSelector.matchLabels).toEqual(podSelector('notes'));
    expect(spec.ingress.flatMap(({ ports }) => ports.map(({ port }) => port))).toEqual([8091, 9103, 9104]);
  });
});

describe('what the proxies of a server share', () => {
  const objects = objectsOf(storedServer());
  const proxy = containerOf(objects, 'mcp-gateway');
  const valueOf = (name: string) => proxy.env.find((each) => each.name === name)?.value ?? '';

  it('are keys that the pods refer to, that only the proxy mounts, and that no rendered tree holds', () => {
    expect(template(objects).spec.volumes).toContainEqual({
      name: 'gateway-keys',
      secret: { secretName: 'notes-gateway-keys' },
    });
    const mount = proxy.volumeMounts.find(({ name }) => name === 'gateway-keys');
    expect(mount).toMatchObject({ readOnly: true });
    expect(valueOf('KEYS_FILE')).toBe(`${String(mount?.['mountPath'])}/keys.json`);
    expect(containerOf(objects, 'notes').volumeMounts).toEqual([]);
    expect(objects.map(({ kind }) => kind)).not.toContain('Secret');
  });

  it('is a port where they alone reach each other, and who each of them is', () => {
    expect(proxy.ports).toContainEqual({ name: 'peers', containerPort: 9104, protocol: 'TCP' });
    expect(valueOf('PEER_PORT')).toBe('9104');
    for (const [name, fieldPath] of [
      ['POD_IP', 'status.podIP'],
      ['POD_UID', 'metadata.uid'],
    ])
      expect(proxy.env).toContainEqual({ name, valueFrom: { fieldRef: { fieldPath } } });
    const rule = z.looseObject({ ports: z.array(z.looseObject({ port: z.number() })).optional() });
    const rules = z.object({ spec: z.looseObject({ ingress: z.array(rule), egress: z.array(rule) }) });
    const { spec } = rules.parse(one(objects, 'NetworkPolicy'));
    const own = [{ podSelector: { matchLabels: podSelector('notes') } }];
    const ofPeers = (each: z.output<typeof rule>) => each.ports?.some(({ port }) => port === 9104) === true;
    expect(spec.ingress.filter(ofPeers).map((each) => each['from'])).toEqual([own]);
    expect(spec.egress.filter(ofPeers).map((each) => each['to'])).toEqual([own]);
  });

  it('is nothing for a server without a proxy', () => {
    const plain = JSON.stringify(objectsOf(storedServer({ gateway: undefined, analytics: undefined })));
    expect(plain).not.toMatch(/gateway-keys|9104|POD_UID/);
  });
});

describe('where spans go', () => {
  const egressOf = (gatewayOtlpEndpoint: string | undefined) => {
    const objects = objectsOf(storedServer(), { ...CONFIG, gatewayOtlpEndpoint });
    const rules = z.object({ spec: z.looseObject({ egress: z.array(z.unknown()) }) });
    return rules.parse(one(objects, 'NetworkPolicy')).spec.egress;
  };

  it.each([
    ['http://collector.example.org:4318', { ports: [{ port: 4318, protocol: 'TCP' }] }],
    ['collector.example.org:4318', { ports: [{ port: 4318, protocol: 'TCP' }] }],
    ['https://collector.example.org', { ports: [{ port: 443, protocol: 'TCP' }] }],
    [
      'http://collector.telemetry.svc.cluster.local:4318',
      { to: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'telemetry' } } }] },
    ],
  ])('is open to the proxy: %s', (endpoint, rule) => {
    const before = egressOf(undefined);
    expect(
      egressOf(endpoint).filter(
        (each) => !before.some((known) => JSON.stringify(known) === JSON.stringify(each)),
      ),
    ).toEqual([rule]);
  });
});

describe('a change of policy', () => {
  it('changes the ConfigMap and nothing else', () => {
    const server = storedServer();
    const grant = {
      apiVersion: 'mcpruntime.org/v1alpha1',
      kind: 'MCPAccessGrant',
      metadata: { name: 'readers', namespace: 'team-a' },
      spec: { serverRef: { name: 'notes' }, subject: { humanID: 'u' }, allowedSideEffects: ['read'] },
    };
    const before = workloadObjects({ server, config: CONFIG, policy: policyOf(server) });
    const after = workloadObjects({ server, config: CONFIG, policy: policyOf(server, [grant]) });
    const rest = (objects: readonly Manifest[]) => objects.filter(({ kind }) => kind !== 'ConfigMap');
    expect(one(after, 'ConfigMap')).not.toEqual(one(before, 'ConfigMap'));
    expect(rest(after)).toEqual(rest(before));
  });

  it.each([
    ['tools', { tools: [{ name: 'other', sideEffect: 'write', requiredTrust: 'high' }] }],
    ['policy', { policy: { mode: 'observe', policyVersion: 'v2' } }],
    ['session', { session: { required: true, idleTimeout: '5m' } }],
    ['audit', { audit: { durability: 'strict', arguments: 'digest', redact: ['client_ip'] } }],
    ['the rate of callers', { policy: { subjectRate: { perMinute: 60 } } }],
    ['the rate of a tool', { tools: [{ name: 'read', sideEffect: 'read', rate: { perMinute: 60 } }] }],
    ['header names', { auth: { mode: 'header', humanIDHeader: 'X-Human' } }],
    ['access', { access: { fromNamespaces: ['team-b'] } }],
  ])('of %s leaves the pods as they are', (_what, spec) => {
    expect(template(objectsOf(storedServer(spec)))).toEqual(template(objectsOf(storedServer())));
  });
});

describe('what the proxy is told of the platform', () => {
  const valuesOf = (objects: readonly Manifest[]) =>
    Object.fromEntries(containerOf(objects, 'mcp-gateway').env.map(({ name, value }) => [name, value]));

  it('is where distributors are, where the installation has any', () => {
    const named = {
      distributorUrl: 'https://mcp-runtime-distributor-pods.mcp-runtime.svc.cluster.local:9443',
      distributorServerName: 'mcp-runtime-distributor.mcp-runtime.svc',
    };
    expect(valuesOf(objectsOf(storedServer(), { ...CONFIG, ...named }))).toMatchObject({
      POLICY_STREAM_URL: named.distributorUrl,
      POLICY_STREAM_SERVER_NAME: named.distributorServerName,
    });
    expect(Object.keys(valuesOf(objectsOf(storedServer()))).join()).not.toContain('POLICY_STREAM');
  });

  it.each([
    ["the installation's own ingest", {}, '/var/run/secrets/mcp-runtime/ingest-token'],
    ['an ingest of the author', { ingestURL: 'http://elsewhere.example.org/events' }, undefined],
    ['a key', { apiKeySecretRef: { name: 'ingest', key: 'api-key' } }, undefined],
  ])('is the token for ingest with %s, if that is the one that knows it', (_what, analytics, file) => {
    const objects = objectsOf(storedServer({ analytics: { enabled: true, ...analytics } }));
    expect(valuesOf(objects)['ANALYTICS_TOKEN_FILE']).toBe(file);
  });
});

describe('secrets of a server', () => {
  const spec = {
    envVars: [{ name: 'MODE', value: 'demo' }],
    secretEnvVars: [{ name: 'TOKEN', secretKeyRef: { name: 'notes-token', key: 'token' } }],
    analytics: { enabled: true, apiKeySecretRef: { name: 'ingest', key: 'api-key' } },
  };

  it('are named in manifests, never held', () => {
    const objects = objectsOf(storedServer(spec));
    const secretKeyRef = { name: 'notes-token', key: 'token' };
    expect(containerOf(objects, 'notes').env).toContainEqual({ name: 'TOKEN', valueFrom: { secretKeyRef } });
    expect(containerOf(objects, 'mcp-gateway').env).toContainEqual({
      name: 'ANALYTICS_API_KEY',
      valueFrom: { secretKeyRef: { name: 'ingest', key: 'api-key' } },
    });
    expect(ofKind(objects, 'Secret')).toEqual([]);
  });

  it('have one entry a name, so that server-side apply can own it', () => {
    const twice = {
      envVars: [
        { name: 'HOST', value: '0.0.0.0' },
        { name: 'A', value: '1' },
        { name: 'A', value: '2' },
      ],
    };
    const { env } = containerOf(objectsOf(storedServer(twice)), 'notes');
    expect(env).toEqual([
      { name: 'HOST', value: '0.0.0.0' },
      { name: 'A', value: '2' },
    ]);
  });
});

describe('the shape of a rollout', () => {
  it('says no number of pods where an autoscaler may decide', () => {
    expect(deploymentOf(objectsOf(storedServer())).spec).not.toHaveProperty('replicas');
    expect(deploymentOf(objectsOf(storedServer({ replicas: 2 }))).spec.replicas).toBe(2);
  });

  it('divides the pods between the two Deployments of a canary', () => {
    const objects = objectsOf(storedServer(SHAPES['with a canary']));
    expect(deploymentsOf(objects).map(({ metadata, spec }) => [metadata.name, spec.replicas])).toEqual([
      ['notes', 3],
      ['notes-canary', 1],
    ]);
  });

  it('has no pods while the server is suspended', () => {
    expect(deploymentOf(objectsOf(storedServer(SHAPES['suspended']))).spec.replicas).toBe(0);
  });
});
