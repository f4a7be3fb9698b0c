// The address of a server in the cluster. It selects stable and canary pods alike.
import { podSelector } from '#api/labels.ts';
import { PROXY_PATHS, PROXY_PORTS } from '#api/proxy-config.ts';
import { IntOrString, KubeService } from '#constructs/kit/kubernetes.ts';
import type { Construct } from 'constructs';
import { childMetadata, type WorkloadContext } from './workload-context.ts';

const SCRAPED = {
  'prometheus.io/scrape': 'true',
  'prometheus.io/port': String(PROXY_PORTS.metrics),
  'prometheus.io/path': PROXY_PATHS.metrics,
};

export function addService(scope: Construct, context: WorkloadContext): KubeService {
  const { resolved, names } = context;
  const { gateway, port, servicePort } = resolved;
  const metrics = {
    name: 'metrics',
    port: PROXY_PORTS.metrics,
    targetPort: IntOrString.fromNumber(PROXY_PORTS.metrics),
  };
  return new KubeService(scope, 'service', {
    metadata: childMetadata(context, names.service, { annotations: gateway && SCRAPED }),
    spec: {
      type: 'ClusterIP',
      selector: podSelector(resolved.name),
      ports: [
        { name: 'http', port: servicePort, targetPort: IntOrString.fromNumber(gateway?.port ?? port) },
        ...(gateway === undefined ? [] : [metrics]),
      ],
    },
  });
}
