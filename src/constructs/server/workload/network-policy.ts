// Who may connect to the pods, and where they may connect to. The one port that takes calls is the proxy's: the
// server's own is open to nobody, so there is no way past the policy.
import { podSelector } from '#api/labels.ts';
import { NAMESPACES } from '#api/names.ts';
import type { OperatorConfig } from '#api/operator-config.ts';
import { PROXY_PORTS } from '#api/proxy-config.ts';
import type { ResolvedGateway } from '#api/resolve-gateway.ts';
import {
  IntOrString,
  KubeNetworkPolicy,
  type NetworkPolicyEgressRule,
  type NetworkPolicyIngressRule,
  type NetworkPolicyPort,
} from '#constructs/kit/kubernetes.ts';
import type { Construct } from 'constructs';
import { childMetadata, type WorkloadContext } from './workload-context.ts';

const port = (number: number, protocol = 'TCP'): NetworkPolicyPort => ({
  port: IntOrString.fromNumber(number),
  protocol,
});

const namespace = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } });

function ingressRules(context: WorkloadContext, gateway: ResolvedGateway): NetworkPolicyIngressRule[] {
  const { server, resolved, config } = context;
  const clients = (server.spec.network?.clients ?? []).map((client) => ({
    namespaceSelector: namespace(client.namespace),
    // Without labels all pods; an empty map would not be stored.
    podSelector: client.podLabels && { matchLabels: client.podLabels },
  }));
  const ownPods = { podSelector: { matchLabels: podSelector(resolved.name) } };
  // The pods of a Gateway run in its namespace, or in that of its controller.
  const { parent } = resolved.route;
  const ways = new Set([config.ingressNamespace, ...(parent === undefined ? [] : [parent.namespace])]);
  const controllers = [...ways].map((name) => ({ namespaceSelector: namespace(name) }));
  return [
    { from: [...controllers, ...clients, ownPods], ports: [port(gateway.port)] },
    { ports: [port(PROXY_PORTS.metrics)] },
    { from: [ownPods], ports: [port(PROXY_PORTS.peers)] },
  ];
}

/** The port of what is known by name only, and so can't be written as addresses. */
function portRule({ protocol, port: given }: URL): NetworkPolicyEgressRule {
  const standard = protocol === 'https:' ? 443 : 80;
  return { ports: [port(given === '' ? standard : Number(given))] };
}

function issuerRules({ auth }: ResolvedGateway): NetworkPolicyEgressRule[] {
  const url = auth.issuerUrl === undefined ? null : URL.parse(auth.issuerUrl);
  return url === null ? [] : [portRule(url)];
}

const SERVICE_HOST = /^[^.]+\.([^.]+)\.svc(?:\.|$)/;

/** Where spans go: a Service's namespace, because its port needn't be its pods'; else the port, wherever that is. */
function collectorRules({ gatewayOtlpEndpoint: endpoint }: OperatorConfig): NetworkPolicyEgressRule[] {
  if (endpoint === undefined) return [];
  const url = URL.parse(endpoint.includes('://') ? endpoint : `http://${endpoint}`);
  if (url === null) return [];
  const inside = SERVICE_HOST.exec(url.hostname)?.[1];
  return [inside === undefined ? portRule(url) : { to: [{ namespaceSelector: namespace(inside) }] }];
}

function egressRules(
  { server, resolved, config }: WorkloadContext,
  gateway: ResolvedGateway,
): NetworkPolicyEgressRule[] {
  const platform = [NAMESPACES.platform, NAMESPACES.sentinel];
  return [
    { ports: [port(53, 'UDP'), port(53)] },
    { to: platform.map((name) => ({ namespaceSelector: namespace(name) })) },
    {
      to: [{ podSelector: { matchLabels: podSelector(resolved.name) } }],
      ports: [port(gateway.port), port(PROXY_PORTS.peers)],
    },
    ...issuerRules(gateway),
    ...collectorRules(config),
    ...(server.spec.network?.egress ?? []).map(({ cidr, ports }) => ({
      to: [{ ipBlock: { cidr } }],
      ports: ports?.map((each) => port(each.port, each.protocol)),
    })),
  ];
}

export function addNetworkPolicy(
  scope: Construct,
  context: WorkloadContext,
  gateway: ResolvedGateway,
): KubeNetworkPolicy {
  return new KubeNetworkPolicy(scope, 'network-policy', {
    metadata: childMetadata(context, context.names.networkPolicy),
    spec: {
      podSelector: { matchLabels: podSelector(context.resolved.name) },
      policyTypes: ['Ingress', 'Egress'],
      ingress: ingressRules(context, gateway),
      egress: egressRules(context, gateway),
    },
  });
}
