// The way in from outside the cluster: one path, and with OAuth the metadata that tells a client where to log in. It is
// an Ingress, or an HTTPRoute where the class is that of the Gateway API.
import type { GatewayAddress } from '#api/operator-config.ts';
import { addHttpRoute } from '#constructs/kit/http-route.ts';
import { KubeIngress, type IngressTls } from '#constructs/kit/kubernetes.ts';
import type { Construct } from 'constructs';
import { ingressAnnotations } from './ingress-strategies.ts';
import { addTrackService } from './service.ts';
import { childMetadata, type WorkloadContext } from './workload-context.ts';

const OAUTH_METADATA = '/.well-known/oauth-protected-resource';

function pathsOf({ resolved }: WorkloadContext): readonly string[] {
  const { path } = resolved.route;
  const oauth = resolved.gateway?.auth.mode === 'oauth';
  return [path, ...(oauth ? [`${OAUTH_METADATA}${path}`] : [])];
}

function routeMetadata(context: WorkloadContext) {
  const { ingressStrategy, resolved, names, config } = context;
  const { annotations } = ingressAnnotations(ingressStrategy, resolved.route, config);
  return childMetadata(context, names.ingress, { annotations });
}

function tlsOf({ resolved }: WorkloadContext): IngressTls[] | undefined {
  const { host, tls } = resolved.route;
  if (tls === undefined || host === undefined) return undefined;
  return [{ hosts: [host], secretName: tls.secretName }];
}

function addIngress(scope: Construct, context: WorkloadContext): void {
  const { resolved, names } = context;
  const { host, ingressClass } = resolved.route;
  const backend = { service: { name: names.service, port: { number: resolved.servicePort } } };
  const paths = pathsOf(context).map((path) => ({ path, pathType: 'Prefix', backend }));
  new KubeIngress(scope, 'ingress', {
    metadata: routeMetadata(context),
    spec: { ingressClassName: ingressClass, tls: tlsOf(context), rules: [{ host, http: { paths } }] },
  });
}

function addGatewayRoute(scope: Construct, context: WorkloadContext, parent: GatewayAddress): void {
  const { resolved, names } = context;
  const { traffic, canaryReplicas, canaryWeight } = resolved.rollout;
  const weighted = traffic === 'Weights' && canaryReplicas > 0;
  if (weighted) {
    addTrackService(scope, context, 'stable');
    addTrackService(scope, context, 'canary');
  }
  const to = (service: string, weight: number) => ({ service, port: resolved.servicePort, weight });
  addHttpRoute(scope, 'http-route', {
    metadata: routeMetadata(context),
    parent,
    host: resolved.route.host,
    pathPrefixes: pathsOf(context),
    backends: weighted
      ? [to(names.stableService, 100 - canaryWeight), to(names.canaryService, canaryWeight)]
      : [to(names.service, 1)],
  });
}

export function addRoute(scope: Construct, context: WorkloadContext): void {
  const { kind, parent } = context.resolved.route;
  if (kind === 'Ingress') addIngress(scope, context);
  else if (parent !== undefined) addGatewayRoute(scope, context, parent);
}
