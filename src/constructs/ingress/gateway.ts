// The Gateway of an installation: one listener for each host, with its certificate, and one for plain http that only
// redirects, so that no route of a server is ever served without TLS where there is TLS.
import { LABELS, PLATFORM } from '#api/labels.ts';
import { clusterScoped } from '#constructs/kit/cluster-scoped.ts';
import {
  addGateway,
  addGatewayClass,
  addHttpsRedirect,
  type GatewayListenerProps,
  type RoutesFrom,
} from '#constructs/kit/gateway-api.ts';
import { KubeNamespace } from '#constructs/kit/kubernetes.ts';
import type { Construct } from 'constructs';
import type { IngressSettings } from './ingress-settings.ts';

export type GatewaySettings = Extract<IngressSettings, { class: 'gateway' }>;

export interface GatewayHosts {
  /** Hosts that are served. @default every host, without TLS */
  readonly hosts: readonly string[];
  /** Secret of the Gateway's namespace with a certificate for all of them. @default no TLS */
  readonly certificateSecret?: string | undefined;
}

const HTTP = { name: 'http', port: 80, protocol: 'HTTP' } as const;

const labels = () => ({ [LABELS.partOf]: PLATFORM });

/** Listener names are for machines and unique: `https`, `https-2`. */
const nameOf = (base: string, index: number) => (index === 0 ? base : `${base}-${index + 1}`);

function listenersOf(
  { routesFrom }: GatewaySettings,
  { hosts, certificateSecret }: GatewayHosts,
): readonly GatewayListenerProps[] {
  const from: RoutesFrom = routesFrom === 'all' ? 'All' : { labels: labels() };
  const named = hosts.length === 0 ? [undefined] : hosts;
  if (certificateSecret === undefined) {
    return named.map((hostname, index) => ({
      ...HTTP,
      name: nameOf('http', index),
      hostname,
      routesFrom: from,
    }));
  }
  const https = named.map((hostname, index) => ({
    name: nameOf('https', index),
    port: 443,
    protocol: 'HTTPS' as const,
    hostname,
    certificateSecret,
    routesFrom: from,
  }));
  return [{ ...HTTP, routesFrom: 'Same' }, ...https];
}

/** The pods of some controllers run here, and not every one of them is hardened like ours. */
const NAMESPACE_SECURITY = {
  'pod-security.kubernetes.io/enforce': 'baseline',
  'pod-security.kubernetes.io/enforce-version': 'latest',
  'pod-security.kubernetes.io/warn': 'restricted',
};

export function addIngressGateway(scope: Construct, settings: GatewaySettings, hosts: GatewayHosts): void {
  const { name, namespace, gatewayClassName, controllerName } = settings;
  if (controllerName !== undefined) {
    addGatewayClass(scope, 'gateway-class', { name: gatewayClassName, labels: labels() }, controllerName);
  }
  if (settings.existing) return;
  const metadata = { name: namespace, labels: { ...labels(), ...NAMESPACE_SECURITY } };
  clusterScoped(new KubeNamespace(scope, 'namespace', { metadata }));
  const listeners = listenersOf(settings, hosts);
  addGateway(scope, 'gateway', { name, namespace, labels: labels() }, gatewayClassName, listeners);
  if (hosts.certificateSecret === undefined) return;
  const redirect = { name: `${name}-redirect`, namespace, labels: labels() };
  addHttpsRedirect(scope, 'redirect', redirect, { gateway: name, sectionName: HTTP.name });
}
