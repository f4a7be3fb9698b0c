// What an author wrote without effect is said, with its path; what has its effect is not.
import { describe, expect, it } from '@jest/globals';
import { resolve } from '#api/resolve.ts';
import { workloadWarnings } from '#constructs/server/mcp-server-workload.ts';
import { CONFIG, storedServer } from '../workload-build.ts';

type Members = Readonly<Record<string, unknown>>;

const warnings = (spec: Members, ingressController?: string) =>
  workloadWarnings({ server: storedServer(spec), config: CONFIG, ingressController }).map(
    ({ path, message }) => `${path}: ${message}`,
  );

describe('the warnings of a server', () => {
  it('are none where everything has its effect', () => {
    expect(warnings({})).toEqual([]);
    expect(
      warnings({
        envVars: [{ name: 'A', value: '1' }],
        ingressAnnotations: { 'cert-manager.io/issuer': 'own' },
        podTemplate: {
          metadata: { labels: { tier: 'demo' } },
          spec: { containers: [{ name: 'notes', resources: { limits: { cpu: '1' } } }] },
        },
        resources: { limits: { memory: '1Gi' } },
      }),
    ).toEqual([]);
  });

  it('name headers that the proxy sets itself, and the proxy is not told of them', () => {
    const gateway = { enabled: true, forwardHeaders: ['X-Tenant', 'Host', 'transfer-encoding'] };
    expect(warnings({ gateway })).toEqual([
      'spec.gateway.forwardHeaders[1]: has no effect: the proxy sets Host itself',
      'spec.gateway.forwardHeaders[2]: has no effect: the proxy sets transfer-encoding itself',
    ]);
    const { gateway: resolved } = resolve(storedServer({ gateway }), CONFIG);
    expect(resolved?.forwardHeaders).toEqual(['X-Tenant']);
  });

  it('name variables that are set again, in one list or in both', () => {
    const secretKeyRef = { name: 'notes', key: 'a' };
    const envVars = [
      { name: 'A', value: '1' },
      { name: 'B', value: '1' },
      { name: 'B', value: '2' },
    ];
    expect(warnings({ envVars, secretEnvVars: [{ name: 'A', secretKeyRef }] })).toEqual([
      'spec.envVars[0]: has no effect: spec.secretEnvVars[0] sets A once more, and the last one counts',
      'spec.envVars[1]: has no effect: spec.envVars[2] sets B once more, and the last one counts',
    ]);
  });

  it('name annotations that the class may not be told', () => {
    const ingressAnnotations = { 'nginx.ingress.kubernetes.io/proxy-read-timeout': '60' };
    expect(warnings({ ingressClass: 'public', ingressAnnotations })).toEqual([
      'spec.ingressAnnotations["nginx.ingress.kubernetes.io/proxy-read-timeout"]: has no effect: it is not among the annotations that class public may be told',
    ]);
    expect(warnings({ ingressClass: 'public', ingressAnnotations }, 'k8s.io/ingress-nginx')).toEqual([]);
  });

  it('name parts of the template that something else decides', () => {
    const podTemplate = {
      metadata: { labels: { app: 'other' } },
      spec: {
        topologySpreadConstraints: [],
        containers: [{ name: 'main', resources: { limits: { cpu: '1' }, requests: { cpu: '1' } } }],
      },
    };
    const spec = { podTemplate, resources: { limits: { cpu: '2' } }, topologySpread: 'Required' };
    expect(warnings(spec)).toEqual([
      'spec.podTemplate.metadata.labels.app: has no effect: the platform sets this label',
      "spec.podTemplate.spec.containers[0].name: has no effect: the server's container is called notes",
      'spec.podTemplate.spec.containers[0].resources.limits.cpu: has no effect: spec.resources.limits.cpu is set too',
      'spec.topologySpread: has no effect beside the constraints of podTemplate',
    ]);
  });

  it('name tools that nobody can call, where a proxy asks', () => {
    const tools = [{ name: 'look', sideEffect: 'read' }, { name: 'change' }];
    const line =
      'spec.tools[1].sideEffect: is missing, so every call of change is denied (tool_side_effect_unknown); set read, write or destructive';
    expect(warnings({ tools })).toEqual([line]);
    expect(warnings({ tools, gateway: undefined, analytics: undefined })).toEqual([]);
  });
});
