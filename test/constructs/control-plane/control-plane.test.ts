import { describe, expect, it } from '@jest/globals';
import { ControlPlane, controlPlaneObjects } from '#constructs/control-plane/control-plane.ts';
import type { ControlPlaneProps } from '#constructs/control-plane/control-plane-props.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { LABELS } from '#api/labels.ts';
import { aChart, refusal } from '../build.ts';
import { deploymentOf, environmentOf, objectOf, objectsOf, PROPS, rulesOf, WITH_REGISTRY } from './build.ts';

const refused = (props: Partial<ControlPlaneProps>) =>
  refusal(() => controlPlaneObjects({ ...PROPS, ...props })).problems.map(({ path }) => path);

describe('the control plane', () => {
  const objects = objectsOf(WITH_REGISTRY);

  it('is these objects, the Deployment the last of them', () => {
    expect(objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'Namespace mcp-runtime',
      'ClusterRole mcp-runtime-view',
      'ClusterRole mcp-runtime-edit',
      'ClusterRole mcp-runtime-grantor',
      'ClusterRole mcp-runtime-consenter',
      'ClusterRole mcp-runtime-revoker',
      'ValidatingAdmissionPolicy mcp-runtime-grants',
      'ValidatingAdmissionPolicyBinding mcp-runtime-grants',
      'ValidatingAdmissionPolicy mcp-runtime-sessions',
      'ValidatingAdmissionPolicyBinding mcp-runtime-sessions',
      'ValidatingAdmissionPolicy mcp-runtime-config-maps',
      'ValidatingAdmissionPolicyBinding mcp-runtime-config-maps',
      'ValidatingAdmissionPolicy mcp-runtime-secrets',
      'ValidatingAdmissionPolicyBinding mcp-runtime-secrets',
      'ServiceAccount mcp-runtime-operator-controller-manager',
      'ClusterRole mcp-runtime-operator-role',
      'ClusterRoleBinding mcp-runtime-operator-rolebinding',
      'Role mcp-runtime-operator-role',
      'RoleBinding mcp-runtime-operator-rolebinding',
      'NetworkPolicy default-deny',
      'NetworkPolicy mcp-runtime-operator',
      'Service mcp-runtime-operator-metrics',
      'PodDisruptionBudget mcp-runtime-operator',
      'ServiceAccount mcp-runtime-distributor',
      'ClusterRole mcp-runtime-distributor',
      'ClusterRoleBinding mcp-runtime-distributor',
      'Role mcp-runtime-distributor',
      'RoleBinding mcp-runtime-distributor',
      'NetworkPolicy mcp-runtime-distributor',
      'Service mcp-runtime-distributor',
      'Service mcp-runtime-distributor-pods',
      'PodDisruptionBudget mcp-runtime-distributor',
      'Deployment mcp-runtime-distributor',
      'Deployment mcp-runtime-operator-controller-manager',
    ]);
    const generated = ['mcp-runtime-operator-role', 'mcp-runtime-distributor'];
    const isGenerated = ({ kind, metadata }: Manifest) =>
      /^(Cluster)?Role$/.test(kind) && generated.includes(metadata.name);
    expect(objects.filter((each) => !isGenerated(each))).toMatchSnapshot();
  });

  it('is in its namespace, where the kind of an object has one', () => {
    const clusterWide = /^(Namespace|ClusterRole|ClusterRoleBinding|ValidatingAdmissionPolicy(Binding)?)$/;
    for (const { kind, metadata } of objects) {
      expect([kind, metadata.namespace]).toEqual([kind, clusterWide.test(kind) ? undefined : 'mcp-runtime']);
    }
  });

  it('has the same namespaces in a chart of another', () => {
    const chart = aChart();
    new ControlPlane(chart, 'control-plane', WITH_REGISTRY);
    expect(chart.node.scope).toBeDefined();
    const inChart = chart.toJson().filter((each: unknown) => JSON.stringify(each).includes('team-a'));
    expect(inChart).toEqual([]);
  });

  it('carries the mark of what the operator makes on nothing, since nobody else may write that', () => {
    for (const { metadata } of objects) expect(metadata.labels).not.toHaveProperty([LABELS.managedBy]);
  });

  it('is the same bytes each time', () => {
    expect(JSON.stringify(objectsOf(WITH_REGISTRY))).toBe(JSON.stringify(objects));
  });
});

describe('the operator', () => {
  const { spec } = deploymentOf();
  const pod = spec.template.spec;

  it('runs twice, found by labels that its pods carry', () => {
    expect(spec.replicas).toBe(2);
    expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
    for (const kind of ['Service', 'PodDisruptionBudget'] as const) {
      const text = JSON.stringify(objectOf(objectsOf(), kind).spec);
      expect(text).toContain(JSON.stringify(spec.selector.matchLabels));
    }
  });

  it('is as hardened as its namespace asks', () => {
    expect(pod).toMatchObject({
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          securityContext: {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            readOnlyRootFilesystem: true,
          },
          resources: {
            requests: { cpu: '100m', memory: '128Mi' },
            limits: { cpu: '500m', memory: '512Mi' },
          },
        },
      ],
    });
  });

  it('takes its resources, pull secrets and number from whoever installs it', () => {
    const resources = {
      requests: { cpu: '1', memory: '1Gi' },
      limits: { cpu: '2', memory: '2Gi' },
    };
    const other = deploymentOf({ ...PROPS, replicas: 3, resources, imagePullSecrets: ['login'] }).spec;
    expect(other.replicas).toBe(3);
    expect(other.template.spec).toMatchObject({
      imagePullSecrets: [{ name: 'login' }],
      containers: [{ resources }],
    });
  });

  it('may reach API servers on the ports that they have', () => {
    const policy = objectOf(
      objectsOf({ ...PROPS, apiServerPorts: [8443] }),
      'NetworkPolicy',
      'mcp-runtime-operator',
    );
    expect(policy).toMatchObject({
      spec: {
        egress: expect.arrayContaining([{ ports: [{ port: 8443, protocol: 'TCP' }] }]),
        ingress: [{ ports: [{ port: 8080 }, { port: 8081 }] }],
      },
    });
  });
});

describe('the distributors', () => {
  const { spec } = deploymentOf(PROPS, 'mcp-runtime-distributor');

  it('run twice, found by labels that their pods carry', () => {
    expect(spec.replicas).toBe(2);
    expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
    for (const name of ['mcp-runtime-distributor', 'mcp-runtime-distributor-pods'])
      expect(objectOf(objectsOf(), 'Service', name)).toMatchObject({
        spec: { selector: spec.selector.matchLabels },
      });
  });

  it('compile policy from the same variables as the operator', () => {
    const shared = (name: string) =>
      deploymentOf(WITH_REGISTRY, name).spec.template.spec.containers[0].env.filter(({ name: variable }) =>
        /^MCP_(CLUSTER|DEFAULT|INGRESS|GATEWAY|DISTRIBUTOR|SENTINEL|POLICY)_/.test(variable),
      );
    expect(shared('mcp-runtime-distributor')).toEqual(shared('mcp-runtime-operator-controller-manager'));
    expect(shared('mcp-runtime-distributor').map(({ name }) => name)).toEqual(
      expect.arrayContaining(['MCP_DISTRIBUTOR_URL', 'MCP_DISTRIBUTOR_SERVER_NAME']),
    );
  });

  it('are where the operator hears of proxies, to which it shows a token for them alone', () => {
    const pod = deploymentOf().spec.template.spec;
    expect(pod).toMatchObject({
      volumes: [
        {
          projected: {
            sources: [{ serviceAccountToken: { audience: 'mcp-runtime-policy', path: 'policy-token' } }],
          },
        },
      ],
    });
    expect(pod.containers[0].env).toEqual(
      expect.arrayContaining([
        {
          name: 'MCP_ACKNOWLEDGEMENTS_URL',
          value: 'https://mcp-runtime-distributor.mcp-runtime.svc:9443',
        },
        {
          name: 'MCP_ACKNOWLEDGEMENTS_TOKEN_FILE',
          value: '/var/run/secrets/mcp-runtime/policy-token',
        },
      ]),
    );
  });

  it('may change nothing', () => {
    for (const kind of ['ClusterRole', 'Role']) {
      for (const { resources, verbs } of rulesOf(objectOf(objectsOf(), kind, 'mcp-runtime-distributor'))) {
        const allowed = resources[0] === 'tokenreviews' ? ['create'] : ['get', 'list', 'watch'];
        expect(verbs.filter((verb) => !allowed.includes(verb))).toEqual([]);
      }
    }
  });

  it('are not there where somebody says why', () => {
    const off = { off: { reason: 'another program collects acknowledgements' } };
    const objects = objectsOf({ ...PROPS, distributor: off });
    const named = objects.filter(({ metadata }) => metadata.name.startsWith('mcp-runtime-distributor'));
    expect(named).toEqual([]);
    expect(environmentOf({ ...PROPS, distributor: off }).map(({ name }) => name)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^MCP_(DISTRIBUTOR|ACKNOWLEDGEMENTS)_/)]),
    );
    expect(refused({ distributor: { off: { reason: ' ' } } })).toEqual(['distributor.off.reason']);
    expect(refused({ authority: { rotateAfterSeconds: 1, overlapSeconds: 0.5 } })).toEqual([
      'authority.rotateAfterSeconds',
      'authority.overlapSeconds',
    ]);
    expect(refused({ authority: { rotateAfterSeconds: 3600 } })).toEqual(['authority.overlapSeconds']);
    expect(refused({ keys: { rotateAfterSeconds: 3599 } })).toEqual(['keys.rotateAfterSeconds']);
    expect(refused({ distributor: { image: 'distributor', replicas: 0 } })).toEqual([
      'distributor.image',
      'distributor.replicas',
    ]);
  });
});

describe('a control plane, given bad input,', () => {
  it.each([
    'example.org/operator',
    'example.org:5000/operator',
    'example.org/operator:latest',
    'example.org/operator:',
    'example.org/operator@sha256:12',
    '',
  ])('refuses the image %j, which may be another one tomorrow', (image) => {
    expect(refused({ image, config: { gatewayImage: image } })).toEqual(['image', 'config.gatewayImage']);
  });

  it('takes a version or a digest', () => {
    const digest = `example.org:5000/operator@sha256:${'0'.repeat(64)}`;
    for (const image of ['operator:1', 'example.org:5000/a/operator:v1.2.3', digest]) {
      expect(objectsOf({ ...PROPS, image })).toHaveLength(34);
    }
  });

  it('asks for a registry and a Secret where there are credentials', () => {
    expect(refused({ registryCredentials: { secretName: ' ' } })).toEqual([
      'config.provisionedRegistryUrl',
      'registryCredentials.secretName',
    ]);
    expect(refused({ config: { provisionedPullSecret: 'pull' } })).toEqual(['config.provisionedPullSecret']);
  });

  it('refuses credentials in what everybody may read', () => {
    const config = {
      ingestUrl: 'http://user:password@ingest.example.org/events',
      provisionedRegistryUrl: 'user:password@registry.example.org',
    };
    const error = refusal(() => controlPlaneObjects({ ...PROPS, config }));
    expect(error.problems.map(({ path }) => path)).toEqual([
      'config.ingestUrl',
      'config.provisionedRegistryUrl',
    ]);
    expect(error.message).not.toContain('user:');
  });

  it('says everything at once, with its path', () => {
    const chart = aChart();
    const props = {
      ...PROPS,
      acknowledgementsUrl: 'distributor',
      policyEpoch: -1,
      requeueSeconds: 0,
      replicas: 1.5,
    };
    const error = refusal(() => new ControlPlane(chart, 'platform', { ...props, apiServerPorts: [443, 0] }));
    expect(error.constructPath).toBe('demo/platform');
    expect(error.problems.map(({ path }) => path)).toEqual([
      'acknowledgementsUrl',
      'policyEpoch',
      'requeueSeconds',
      'replicas',
      'apiServerPorts[1]',
    ]);
    expect(chart.node.children).toEqual([]);
  });
});
