// Kinds of the Gateway API that an installation is made of, as typed objects; no generated class knows them. Routes of
// servers are in a file beside this one.
import { ApiObject } from 'cdk8s';
import type { Construct } from 'constructs';
import { clusterScoped } from './cluster-scoped.ts';
import type { ObjectMeta } from './kubernetes.ts';

const GROUP = 'gateway.networking.k8s.io';
const API_VERSION = `${GROUP}/v1`;

/** Which namespaces may attach routes: that of the Gateway, every one, or those with these labels. */
export type RoutesFrom = 'Same' | 'All' | { readonly labels: Readonly<Record<string, string>> };

export interface GatewayListenerProps {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'HTTP' | 'HTTPS';
  /** @default every host */
  readonly hostname?: string | undefined;
  /** Secret of the Gateway's namespace, protocol HTTPS. */
  readonly certificateSecret?: string | undefined;
  readonly routesFrom: RoutesFrom;
}

const allowedRoutes = (from: RoutesFrom) => ({
  namespaces:
    typeof from === 'string' ? { from } : { from: 'Selector', selector: { matchLabels: from.labels } },
});

const tlsOf = (secret: string) => ({
  mode: 'Terminate',
  certificateRefs: [{ group: '', kind: 'Secret', name: secret }],
});

/** Names the controller that serves Gateways of this class. */
export function addGatewayClass(
  scope: Construct,
  id: string,
  metadata: ObjectMeta,
  controllerName: string,
): ApiObject {
  const props = { apiVersion: API_VERSION, kind: 'GatewayClass', metadata: { ...metadata } };
  return clusterScoped(new ApiObject(scope, id, { ...props, spec: { controllerName } }));
}

export function addGateway(
  scope: Construct,
  id: string,
  metadata: ObjectMeta,
  gatewayClassName: string,
  listeners: readonly GatewayListenerProps[],
): ApiObject {
  return new ApiObject(scope, id, {
    apiVersion: API_VERSION,
    kind: 'Gateway',
    metadata: { ...metadata },
    spec: {
      gatewayClassName,
      listeners: listeners.map(({ name, port, protocol, hostname, certificateSecret, routesFrom }) => ({
        name,
        port,
        protocol,
        hostname,
        tls: certificateSecret === undefined ? undefined : tlsOf(certificateSecret),
        allowedRoutes: allowedRoutes(routesFrom),
      })),
    },
  });
}

/** Sends whatever arrives at a listener to the same place by https. */
export function addHttpsRedirect(
  scope: Construct,
  id: string,
  metadata: ObjectMeta,
  listener: { readonly gateway: string; readonly sectionName: string },
): ApiObject {
  const { gateway, sectionName } = listener;
  const redirect = { type: 'RequestRedirect', requestRedirect: { scheme: 'https', statusCode: 301 } };
  return new ApiObject(scope, id, {
    apiVersion: API_VERSION,
    kind: 'HTTPRoute',
    metadata: { ...metadata },
    spec: {
      parentRefs: [{ group: GROUP, kind: 'Gateway', name: gateway, sectionName }],
      rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }], filters: [redirect] }],
    },
  });
}
