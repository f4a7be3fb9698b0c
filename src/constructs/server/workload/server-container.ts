// The container of the server itself: somebody else's image, kept as small as the platform can keep it.
import type { McpServer } from '#api/mcp-server.ts';
import { IntOrString, type Container, type EnvVar } from '#constructs/kit/kubernetes.ts';
import { containerSecurity } from '#constructs/kit/security.ts';
import { readinessThroughProxy } from './proxy-container.ts';
import { resourceRequirements } from './resource-requirements.ts';
import type { WorkloadContext } from './workload-context.ts';

const WRITABLE_ROOT = { reason: "the image is its author's, and servers may write beside their files" };

/** Behind a proxy a server has no business with any other address; servers that know `HOST` then listen on no other. */
const BEHIND_PROXY: readonly EnvVar[] = [{ name: 'HOST', value: '127.0.0.1' }];

/** One entry a name, in the order of first mention; what comes later wins, as it would in the container. */
function unique(variables: readonly EnvVar[]): EnvVar[] {
  return [...new Map(variables.map((variable) => [variable.name, variable])).values()];
}

function environment({ spec }: McpServer, gatewayOn: boolean): EnvVar[] {
  return unique([
    ...(gatewayOn ? BEHIND_PROXY : []),
    // An empty value is not stored, so it isn't rendered either.
    ...(spec.envVars ?? []).map(({ name, value }) => (value === '' ? { name } : { name, value })),
    ...(spec.secretEnvVars ?? []).map(({ name, secretKeyRef }) => ({ name, valueFrom: { secretKeyRef } })),
  ]);
}

function probes(port: number, gatewayOn: boolean): Pick<Container, 'livenessProbe' | 'readinessProbe'> {
  // Whether the process listens can't be seen from outside the pod then, and asking the proxy would restart a server
  // for what its proxy lacks. A server that ends is restarted anyway.
  if (gatewayOn) return { readinessProbe: readinessThroughProxy() };
  const tcpSocket = { port: IntOrString.fromNumber(port) };
  return {
    livenessProbe: { tcpSocket, initialDelaySeconds: 5, periodSeconds: 10 },
    readinessProbe: { tcpSocket, initialDelaySeconds: 3, periodSeconds: 5 },
  };
}

export function serverContainer({ server, resolved, names }: WorkloadContext): Container {
  const gatewayOn = resolved.gateway !== undefined;
  const own = server.spec.podTemplate?.spec?.containers?.[0];
  return {
    name: names.container,
    image: resolved.image,
    imagePullPolicy: 'IfNotPresent',
    command: own?.command,
    args: own?.args,
    ports: [{ name: 'http', containerPort: resolved.port, protocol: 'TCP' }],
    envFrom: own?.envFrom,
    env: environment(server, gatewayOn),
    volumeMounts: own?.volumeMounts,
    resources: resourceRequirements(resolved.resources),
    securityContext: containerSecurity({ writableRoot: WRITABLE_ROOT }),
    ...probes(resolved.port, gatewayOn),
  };
}
