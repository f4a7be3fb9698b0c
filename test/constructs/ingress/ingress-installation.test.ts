import { describe, expect, it } from '@jest/globals';
import { App, Chart } from 'cdk8s';
import { RESTRICTED_NAMESPACE } from '#constructs/kit/security.ts';
import { setSettings } from '#constructs/kit/settings.ts';
import {
  IngressInstallation,
  type IngressInstallationProps,
} from '#constructs/ingress/ingress-installation.ts';
import type { GatewayHosts } from '#constructs/ingress/gateway.ts';
import type { IngressProps } from '#constructs/ingress/ingress-settings.ts';
import { ServersStack } from '#stacks/servers-stack.ts';
import { z } from 'zod';
import { aChart, aServer, manifestOfKind, manifestsOf, refusal } from '../build.ts';

function installed(props: IngressInstallationProps) {
  const chart = aChart();
  const ingress = new IngressInstallation(chart, 'ingress', props);
  return { ingress, chart, objects: () => manifestsOf(chart) };
}

const names = (props: IngressInstallationProps) =>
  installed(props)
    .objects()
    .map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`);

const GATEWAY = { class: 'gateway', gatewayClassName: 'contour' } as const;
const HOSTS = { hosts: ['mcp.example.org', 'tools.example.org'], certificateSecret: 'mcp-tls' };

describe('a Gateway as the way in', () => {
  it('has a listener with TLS for each host, and one that only sends there', () => {
    expect(installed({ ...GATEWAY, ...HOSTS }).objects()).toMatchSnapshot();
  });

  it('takes routes of servers on TLS alone, where there is TLS', () => {
    const listener = z.object({
      protocol: z.string(),
      allowedRoutes: z.object({ namespaces: z.looseObject({ from: z.string() }) }),
    });
    const gateway = z.object({ spec: z.object({ listeners: z.array(listener) }) });
    const opened = (props: Partial<GatewayHosts>) =>
      gateway
        .parse(manifestOfKind(installed({ ...GATEWAY, ...props }).chart, 'Gateway'))
        .spec.listeners.filter(({ allowedRoutes }) => allowedRoutes.namespaces.from !== 'Same')
        .map(({ protocol }) => protocol);
    expect(opened(HOSTS)).toEqual(['HTTPS', 'HTTPS']);
    expect(opened({})).toEqual(['HTTP']);
  });

  it('takes routes of the namespaces that stacks make, unless it takes those of all', () => {
    const namespaces = z.object({
      spec: z.object({
        listeners: z.array(z.object({ allowedRoutes: z.object({ namespaces: z.unknown() }) })),
      }),
    });
    const from = (routesFrom: 'platform' | 'all') =>
      namespaces.parse(manifestOfKind(installed({ ...GATEWAY, routesFrom }).chart, 'Gateway')).spec
        .listeners[0]?.allowedRoutes.namespaces;
    const stack = new ServersStack(new App(), 'servers');
    const { labels = {} } = manifestOfKind(stack, 'Namespace').metadata;
    expect(labels).toMatchObject(RESTRICTED_NAMESPACE);
    expect(from('platform')).toEqual({
      from: 'Selector',
      selector: { matchLabels: { 'app.kubernetes.io/part-of': labels['app.kubernetes.io/part-of'] } },
    });
    expect(from('all')).toEqual({ from: 'All' });
  });

  it('is made with its class where a controller is named, and not at all where somebody else makes it', () => {
    const controllerName = 'projectcontour.io/gateway-controller';
    expect(names({ ...GATEWAY, controllerName })).toEqual([
      'GatewayClass /contour',
      'Namespace /mcp-gateway',
      'Gateway mcp-gateway/mcp-gateway',
    ]);
    expect(names({ ...GATEWAY, ...HOSTS, existing: true, namespace: 'net', name: 'edge' })).toEqual([]);
  });

  it('tells the operator where routes go and whose pods call', () => {
    const { ingress } = installed({
      ...GATEWAY,
      ...HOSTS,
      listener: 'https',
      controllerNamespace: 'contour',
    });
    expect(ingress.config).toEqual({
      ingressClass: 'gateway',
      ingressNamespace: 'contour',
      ingressReadiness: 'strict',
      ingressTls: true,
      defaultGateway: { namespace: 'mcp-gateway', name: 'mcp-gateway', sectionName: 'https' },
    });
  });
});

describe('an ingress class as the way in', () => {
  it.each<[IngressProps, object]>([
    [
      { class: 'traefik' },
      { ingressClass: 'traefik', ingressNamespace: 'traefik', ingressEntrypoints: 'web' },
    ],
    [{ class: 'nginx' }, { ingressClass: 'nginx', ingressNamespace: 'nginx-ingress' }],
    [{ class: 'community-nginx' }, { ingressClass: 'nginx', ingressNamespace: 'ingress-nginx' }],
    [
      { class: 'istio', readiness: 'permissive' },
      { ingressClass: 'istio', ingressReadiness: 'permissive' },
    ],
    [
      { class: 'generic', name: 'haproxy', namespace: 'haproxy' },
      { ingressClass: 'haproxy', ingressNamespace: 'haproxy' },
    ],
  ])('%j is used as it is there', (props, config) => {
    const { ingress, objects } = installed(props);
    expect(objects()).toEqual([]);
    expect(ingress.config).toMatchObject({ ...config, ingressTls: false });
  });

  it('is made where its controller is named', () => {
    const { chart } = installed({ class: 'traefik', controller: 'traefik.io/ingress-controller' });
    expect(manifestOfKind(chart, 'IngressClass')).toMatchObject({
      metadata: { name: 'traefik' },
      spec: { controller: 'traefik.io/ingress-controller' },
    });
  });

  it('serves a certificate of the installation, which Traefik is told by its store', () => {
    const { ingress, chart } = installed({ class: 'traefik', certificateSecret: 'mcp-tls' });
    expect(ingress.config).toMatchObject({ ingressTls: true, ingressEntrypoints: 'websecure' });
    expect(manifestOfKind(chart, 'TLSStore')).toMatchObject({
      metadata: { name: 'default', namespace: 'traefik' },
      spec: { defaultCertificate: { secretName: 'mcp-tls' } },
    });
  });

  it('is that of servers which name none', () => {
    const chart = aChart();
    setSettings(App.of(chart), { ingressClass: 'gateway' });
    expect(aServer(chart).resource.spec.ingressClass).toBe('gateway');
    expect(
      aServer(chart, { route: { ingressClass: 'traefik' } }, 'b').expose({ prefix: 'x' }).resource.spec,
    ).toMatchObject({
      ingressClass: 'traefik',
    });
    expect(aServer(aChart()).resource.spec.ingressClass).toBe('traefik');
  });
});

describe('a way in, given bad input,', () => {
  it('says everything that is wrong at once', () => {
    const bad = {
      class: 'gateway',
      gatewayClassName: 'Contour',
      controllerName: 'contour',
      namespace: 'a.b',
    } as const;
    const { problems } = refusal(() => new IngressInstallation(new Chart(new App(), 'c'), 'ingress', bad));
    expect(problems.map(({ path }) => path)).toEqual(['gatewayClassName', 'controllerName', 'namespace']);
  });
});
