// The policy proxy in the server's pod. An ordinary container, because people and checks look for it by name among
// the containers of a pod.
import { pulledImage } from '#api/image-mirror.ts';
import { PROXY_CONTAINER, PROXY_PATHS, PROXY_PORTS } from '#api/proxy-config.ts';
import type { ResolvedGateway } from '#api/resolve-gateway.ts';
import { IntOrString, type Container, type Probe } from '#constructs/kit/kubernetes.ts';
import { containerSecurity } from '#constructs/kit/security.ts';
import { proxyEnvironment } from './proxy-environment.ts';
import { PROXY_MOUNTS } from './proxy-volumes.ts';
import { resourceRequirements } from './resource-requirements.ts';
import type { Termination } from './termination.ts';
import type { WorkloadContext } from './workload-context.ts';

/** Asks the proxy, which asks the server on loopback: the kubelet can't, because it calls the pod's address. */
export function readinessThroughProxy(): Probe {
  return {
    httpGet: { path: PROXY_PATHS.ready, port: IntOrString.fromNumber(PROXY_PORTS.metrics) },
    initialDelaySeconds: 3,
    periodSeconds: 5,
  };
}

/** The image that the author names. */
function pinnedImage({ server, config }: WorkloadContext): string | undefined {
  const image = server.spec.gateway?.image;
  return image === undefined || image === '' ? undefined : pulledImage(image, config);
}

export function proxyContainer(
  context: WorkloadContext,
  gateway: ResolvedGateway,
  termination: Termination,
): Container {
  return {
    name: PROXY_CONTAINER,
    // That of the installation comes later: it is no change of the server.
    image: pinnedImage(context),
    imagePullPolicy: 'IfNotPresent',
    ports: [
      { name: 'gateway', containerPort: gateway.port, protocol: 'TCP' },
      { name: 'metrics', containerPort: PROXY_PORTS.metrics, protocol: 'TCP' },
      { name: 'peers', containerPort: PROXY_PORTS.peers, protocol: 'TCP' },
    ],
    env: [...proxyEnvironment(context, gateway, termination)],
    volumeMounts: [...PROXY_MOUNTS],
    resources: resourceRequirements(gateway.resources),
    securityContext: containerSecurity(),
    livenessProbe: {
      httpGet: { path: PROXY_PATHS.health, port: IntOrString.fromNumber(PROXY_PORTS.metrics) },
      initialDelaySeconds: 5,
      periodSeconds: 10,
    },
    readinessProbe: readinessThroughProxy(),
  };
}
