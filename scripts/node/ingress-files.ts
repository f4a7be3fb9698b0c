// Contour with Envoy, as a user would install it: the class `contour` for Ingress, and a Gateway that takes routes of
// every namespace. Both come in at one address; the programs run on the node, beside its pods.
import { stringify } from 'yaml';
import type { Addresses } from './addresses.ts';

/** Of the IngressClass and of the GatewayClass. */
export const INGRESS_CLASS = 'contour';

export interface GatewayRef {
  readonly namespace: string;
  readonly name: string;
}

/** The one that a node brings along, and that Contour serves unless it is told another. */
export const GATEWAY = { namespace: 'projectcontour', name: 'contour' } as const satisfies GatewayRef;

/** Where Envoy takes plain HTTP, for an Ingress and for the Gateway's listener of port 80 alike. */
export const HTTP_PORT = 8080;

/** Where Envoy takes TLS, for listeners of port 443. */
export const HTTPS_PORT = 8443;

/** Where Envoy says that it is ready, as soon as it has heard of Contour. It opens the one above with the first route. */
export const HEALTH_PORT = 8002;

/** Between Contour and Envoy, on loopback of the node. */
export const XDS_PORT = 8001;

/** @param gateway the one whose routes are served; it may come later, and from somebody else */
export function contourText(gateway: GatewayRef): string {
  return stringify({ gateway: { gatewayRef: gateway } });
}

export function contourArgs({ node }: Addresses, kubeconfig: string, config: string): readonly string[] {
  return [
    'serve',
    `--kubeconfig=${kubeconfig}`,
    `--config-path=${config}`,
    '--xds-address=127.0.0.1',
    `--xds-port=${XDS_PORT}`,
    '--insecure',
    '--envoy-service-http-address=0.0.0.0',
    `--envoy-service-http-port=${HTTP_PORT}`,
    '--stats-address=127.0.0.1',
    `--stats-port=${HEALTH_PORT}`,
    `--ingress-status-address=${node}`,
    '--disable-leader-election',
    // Their definitions are not in the standard channel.
    ...['tlsroutes', 'tcproutes', 'backendtlspolicies'].map((each) => `--disable-feature=${each}`),
  ];
}

export function ingressObjects(): readonly object[] {
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: GATEWAY.namespace } },
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: INGRESS_CLASS },
      spec: { controller: 'projectcontour.io/contour' },
    },
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'GatewayClass',
      metadata: { name: INGRESS_CLASS },
      spec: { controllerName: 'projectcontour.io/gateway-controller' },
    },
    {
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'Gateway',
      metadata: GATEWAY,
      spec: {
        gatewayClassName: INGRESS_CLASS,
        listeners: [
          { name: 'http', protocol: 'HTTP', port: 80, allowedRoutes: { namespaces: { from: 'All' } } },
        ],
      },
    },
  ];
}
