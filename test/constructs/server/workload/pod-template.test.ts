// The pod template that is kept and compared: it changes with the server, and with nothing else.
import { describe, expect, it } from '@jest/globals';
import type { OperatorConfig } from '#api/operator-config.ts';
import {
  podTemplateOf,
  servingPortOf,
  workloadObjects,
  type McpServerWorkloadProps,
} from '#constructs/server/mcp-server-workload.ts';
import { CONFIG, deploymentsOf, storedServer } from '../workload-build.ts';

type Members = Readonly<Record<string, unknown>>;
type Cluster = Partial<Omit<McpServerWorkloadProps, 'server' | 'config'>>;

const CANARY = { replicas: 4, rollout: { strategy: 'Canary', canaryReplicas: 1 } };

const templateOf = (spec: Members = {}, config: Partial<OperatorConfig> = {}, cluster: Cluster = {}) =>
  podTemplateOf({ server: storedServer(spec), config: { ...CONFIG, ...config }, ...cluster });

/** Name of a Deployment, and the images of its containers. */
const imagesOf = (spec: Members, cluster: Cluster = {}, config: Partial<OperatorConfig> = {}) =>
  deploymentsOf(
    workloadObjects({ server: storedServer(spec), config: { ...CONFIG, ...config }, ...cluster }),
  ).map(({ metadata, spec: { template } }) => [
    metadata.name,
    ...template.spec.containers.map(({ image }) => image),
  ]);

describe('the pod template of a server', () => {
  it('is that of its Deployments, but for the track and the proxy of the installation', () => {
    const kept = templateOf(CANARY);
    expect(JSON.stringify(kept)).not.toContain('rollout-track');
    expect(JSON.stringify(kept)).not.toContain(CONFIG.gatewayImage);
    const objects = workloadObjects({ server: storedServer(CANARY), config: CONFIG });
    expect(deploymentsOf(objects).map(({ spec }) => spec.template)).toMatchObject([kept, kept]);
    const again = workloadObjects({ server: storedServer(CANARY), config: CONFIG, promoted: kept });
    expect(again).toEqual(objects);
  });

  it.each<[string, Members, Partial<OperatorConfig>]>([
    ['the number of pods', { replicas: 7 }, {}],
    ['an autoscaler', { autoscaling: { maxReplicas: 3 } }, {}],
    ['a budget', { replicas: 3, disruption: { maxUnavailable: '2' } }, {}],
    ['a canary', CANARY, {}],
    ['a promotion', { ...CANARY, rollout: { ...CANARY.rollout, promote: 'a1' } }, {}],
    ['suspension', { suspend: true }, {}],
    ['the proxy of the installation', {}, { gatewayImage: 'example.org/mcp-runtime/proxy:2.0.0' }],
    ['an annotation of the route', { ingressAnnotations: { 'cert-manager.io/issuer': 'own' } }, {}],
    ['grants, sessions and tools', { tools: [], session: { required: true } }, {}],
  ])('stays as it is with %s', (_what, spec, config) => {
    expect(templateOf(spec, config)).toEqual(templateOf());
  });

  it.each<[string, Members]>([
    ['its image', { image: 'example.org/notes:2.0.0' }],
    ['its environment', { envVars: [{ name: 'MODE', value: 'demo' }] }],
    ['the proxy that its author chooses', { gateway: { enabled: true, image: 'example.org/mine:1' } }],
    ['the gateway', { gateway: { enabled: false } }],
    ['how its pods spread', { topologySpread: 'None' }],
  ])('changes with %s', (_what, spec) => {
    expect(templateOf(spec)).not.toEqual(templateOf());
  });

  it('has no empty values, which the API server does not store', () => {
    const spec = { envVars: [{ name: 'EMPTY', value: '' }] };
    expect(templateOf(spec)).toMatchObject({
      spec: { containers: [{ env: [{ name: 'HOST', value: '127.0.0.1' }, { name: 'EMPTY' }] }, {}] },
    });
    expect(JSON.stringify(templateOf(spec))).not.toContain('"value":""');
    expect(JSON.stringify(templateOf({ ...spec, gateway: undefined, analytics: undefined }))).not.toContain(
      '[]',
    );
  });
});

describe('the proxy of a server', () => {
  const older = 'example.org/mcp-runtime/proxy:0.9.0';

  it('is that of the installation, or the one in force for the server while a new one goes out', () => {
    expect(imagesOf({})).toEqual([['notes', 'example.org/notes:1.0.0', CONFIG.gatewayImage]]);
    expect(imagesOf({}, { proxyImage: older })).toEqual([['notes', 'example.org/notes:1.0.0', older]]);
  });

  it('is never exchanged where its author chose it', () => {
    const pinned = { gateway: { enabled: true, image: 'example.org/mine:1' } };
    expect(imagesOf(pinned, { proxyImage: older })).toEqual([
      ['notes', 'example.org/notes:1.0.0', 'example.org/mine:1'],
    ]);
  });
});

describe('a canary', () => {
  const changed = { ...CANARY, image: 'example.org/notes:2.0.0' };
  const promoted = templateOf(CANARY);

  it('alone runs the change, and the rest what was promoted, each with the proxy in force', () => {
    const newer = 'example.org/mcp-runtime/proxy:1.1.0';
    expect(imagesOf(changed, { promoted, proxyImage: newer })).toEqual([
      ['notes', 'example.org/notes:1.0.0', newer],
      ['notes-canary', 'example.org/notes:2.0.0', newer],
    ]);
  });

  it('goes back to what was promoted when it is aborted', () => {
    expect(imagesOf(changed, { promoted, canaryIsPromoted: true })).toEqual([
      ['notes', 'example.org/notes:1.0.0', CONFIG.gatewayImage],
      ['notes-canary', 'example.org/notes:1.0.0', CONFIG.gatewayImage],
    ]);
  });

  it('does not give the proxy that it tries to the rest', () => {
    const pinned = {
      ...CANARY,
      gateway: { enabled: true, stripPrefix: '/notes', image: 'example.org/mine:1' },
    };
    expect(imagesOf(pinned, { promoted })).toEqual([
      ['notes', 'example.org/notes:1.0.0', CONFIG.gatewayImage],
      ['notes-canary', 'example.org/notes:1.0.0', 'example.org/mine:1'],
    ]);
  });

  it('has pods that only its own Deployment selects', () => {
    const objects = workloadObjects({ server: storedServer(changed), config: CONFIG, promoted });
    const tracks = deploymentsOf(objects).map(({ spec }) => [
      spec.selector.matchLabels['mcpruntime.org/rollout-track'],
      spec.template.metadata.labels['mcpruntime.org/rollout-track'],
    ]);
    expect(tracks).toEqual([
      ['stable', 'stable'],
      ['canary', 'canary'],
    ]);
  });

  it('is refused a template that is none', () => {
    const render = () => workloadObjects({ server: storedServer(changed), config: CONFIG, promoted: {} });
    expect(render).toThrow(/metadata/);
  });
});

describe('the port of a template that takes calls', () => {
  it('is the proxy’s, or without one the server’s', () => {
    expect(servingPortOf(templateOf())).toBe(8091);
    expect(servingPortOf(templateOf({ gateway: undefined, analytics: undefined, port: 3000 }))).toBe(3000);
  });
});

describe('the pull secrets of a server', () => {
  const inheritedPullSecrets = ['regcred', 'regcred'];

  it('are those of the namespace where neither server nor installation names any', () => {
    expect(templateOf({}, {}, { inheritedPullSecrets })).toMatchObject({
      spec: { imagePullSecrets: [{ name: 'regcred' }] },
    });
    expect(templateOf({ imagePullSecrets: ['own', 'own'] }, {}, { inheritedPullSecrets })).toMatchObject({
      spec: { imagePullSecrets: [{ name: 'own' }] },
    });
    expect(templateOf({}, { provisionedPullSecret: 'platform' }, { inheritedPullSecrets })).toMatchObject({
      spec: { imagePullSecrets: [{ name: 'platform' }] },
    });
  });
});

describe('the spread of pods', () => {
  const constraints = (spec: Members) => {
    const [deployment] = deploymentsOf(workloadObjects({ server: storedServer(spec), config: CONFIG }));
    return deployment?.spec.template.spec['topologySpreadConstraints'];
  };
  const over = (whenUnsatisfiable: string) =>
    ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map((topologyKey) => ({
      topologyKey,
      whenUnsatisfiable,
      maxSkew: 1,
      labelSelector: { matchLabels: { app: 'notes' } },
      matchLabelKeys: ['pod-template-hash'],
    }));

  it('is over zones and nodes, wished for unless it is required or not wanted', () => {
    expect(constraints({})).toEqual(over('ScheduleAnyway'));
    expect(constraints({ topologySpread: 'Required' })).toEqual(over('DoNotSchedule'));
    expect(constraints({ topologySpread: 'None' })).toBeUndefined();
  });

  it('is as the author says where the template says it', () => {
    const own = [{ maxSkew: 2, topologyKey: 'rack', whenUnsatisfiable: 'DoNotSchedule' }];
    expect(constraints({ podTemplate: { spec: { topologySpreadConstraints: own } } })).toEqual(own);
  });
});
