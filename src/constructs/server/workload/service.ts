// The addresses of a server in the cluster. Its own selects stable and canary pods alike; where a Gateway divides the
// calls of a canary, each of the two Deployments has one more.
import { deploymentSelector, podSelector, workloadLabels, type RolloutTrack } from '#api/labels.ts';
import { PROXY_PATHS, PROXY_PORTS } from '#api/proxy-config.ts';
import { IntOrString, KubeService, type ServicePort } from '#constructs/kit/kubernetes.ts';
import type { Construct } from 'constructs';
import { childMetadata, type WorkloadContext } from './workload-context.ts';

const SCRAPED = {
  'prometheus.io/scrape': 'true',
  'prometheus.io/port': String(PROXY_PORTS.metrics),
  'prometheus.io/path': PROXY_PATHS.metrics,
};

const servicePort = (name: string, port: number, target: number): ServicePort => ({
  name,
  port,
  protocol: 'TCP',
  targetPort: IntOrString.fromNumber(target),
});

/** The port that takes calls: the proxy's, or without one the server's. */
function callPort({ resolved }: WorkloadContext): ServicePort {
  return servicePort('http', resolved.servicePort, resolved.gateway?.port ?? resolved.port);
}

export function addService(scope: Construct, context: WorkloadContext): KubeService {
  const { resolved, names } = context;
  const { gateway } = resolved;
  const metrics = servicePort('metrics', PROXY_PORTS.metrics, PROXY_PORTS.metrics);
  return new KubeService(scope, 'service', {
    metadata: childMetadata(context, names.service, { annotations: gateway && SCRAPED }),
    spec: {
      type: 'ClusterIP',
      selector: podSelector(resolved.name),
      ports: [callPort(context), ...(gateway === undefined ? [] : [metrics])],
    },
  });
}

/** The address of one Deployment of a server. It isn't scraped: that would count every pod twice. */
export function addTrackService(
  scope: Construct,
  context: WorkloadContext,
  track: RolloutTrack,
): KubeService {
  const { resolved, names } = context;
  const name = track === 'stable' ? names.stableService : names.canaryService;
  return new KubeService(scope, `${track}-service`, {
    metadata: childMetadata(context, name, { labels: workloadLabels(resolved.name, track) }),
    spec: {
      type: 'ClusterIP',
      selector: deploymentSelector(resolved.name, track),
      ports: [callPort(context)],
    },
  });
}
