// The way in from outside the cluster: one path, and with OAuth the metadata that tells a client where to log in.
import { KubeIngress, type HttpIngressPath } from '#constructs/kit/kubernetes.ts';
import type { Construct } from 'constructs';
import { ingressAnnotations } from './ingress-annotations.ts';
import { childMetadata, type WorkloadContext } from './workload-context.ts';

const OAUTH_METADATA = '/.well-known/oauth-protected-resource';

function paths({ resolved, names }: WorkloadContext): HttpIngressPath[] {
  const { path } = resolved.route;
  const oauth = resolved.gateway?.auth.mode === 'oauth';
  const backend = { service: { name: names.service, port: { number: resolved.servicePort } } };
  return [path, ...(oauth ? [`${OAUTH_METADATA}${path}`] : [])].map((each) => ({
    path: each,
    pathType: 'Prefix',
    backend,
  }));
}

export function addIngress(scope: Construct, context: WorkloadContext): KubeIngress {
  const { resolved, names, config } = context;
  const { host, ingressClass, annotations: asked } = resolved.route;
  const { annotations } = ingressAnnotations(ingressClass, asked, config);
  return new KubeIngress(scope, 'ingress', {
    metadata: childMetadata(context, names.ingress, { annotations }),
    spec: { ingressClassName: ingressClass, rules: [{ host, http: { paths: paths(context) } }] },
  });
}
