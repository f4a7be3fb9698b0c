// The one pod of a bundled registry. There is one because its files are on a volume that one node mounts at a time; so
// the old pod goes before the new one comes.
import type { ApiObject } from 'cdk8s';
import { addDeploymentObject } from '#constructs/kit/deployment.ts';
import { IntOrString, type Container, type EnvVar, type Probe } from '#constructs/kit/kubernetes.ts';
import { resourcesOf } from '#constructs/kit/pods.ts';
import { containerSecurity, podSecurity } from '#constructs/kit/security.ts';
import type { Construct } from 'constructs';
import { REGISTRY, REGISTRY_PORTS, REGISTRY_SELECTOR, registryMetadata } from './names.ts';
import type { BundledRegistry } from './registry-settings.ts';
import { mountedVolumes, REGISTRY_FOLDERS } from './volumes.ts';

const RESOURCES = {
  requests: { cpu: '100m', memory: '128Mi' },
  limits: { cpu: '500m', memory: '512Mi' },
};

/** The registry's configuration, in its own variables; none of them holds a secret. */
function environment(settings: BundledRegistry): readonly EnvVar[] {
  const { data, tls, login } = REGISTRY_FOLDERS;
  const values = {
    REGISTRY_HTTP_ADDR: `:${REGISTRY_PORTS.api}`,
    REGISTRY_HTTP_DEBUG_ADDR: `:${REGISTRY_PORTS.metrics}`,
    REGISTRY_HTTP_DEBUG_PROMETHEUS_ENABLED: 'true',
    REGISTRY_STORAGE: 'filesystem',
    REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: data,
    // Without it nothing is ever freed.
    REGISTRY_STORAGE_DELETE_ENABLED: 'true',
    OTEL_TRACES_EXPORTER: 'none',
    ...(settings.mode === 'bundled-https' && {
      REGISTRY_HTTP_TLS_CERTIFICATE: `${tls}/tls.crt`,
      REGISTRY_HTTP_TLS_KEY: `${tls}/tls.key`,
    }),
    ...(settings.htpasswdSecret !== undefined && {
      REGISTRY_AUTH: 'htpasswd',
      REGISTRY_AUTH_HTPASSWD_REALM: 'mcp-runtime',
      REGISTRY_AUTH_HTPASSWD_PATH: `${login}/htpasswd`,
    }),
  };
  return Object.entries(values).map(([name, value]) => ({ name, value }));
}

/** `/` answers without a login. */
function probe({ mode }: BundledRegistry, periodSeconds: number): Probe {
  const scheme = mode === 'bundled-https' ? 'HTTPS' : undefined;
  return { httpGet: { path: '/', port: IntOrString.fromString('api'), scheme }, periodSeconds };
}

function container(settings: BundledRegistry): Container {
  return {
    name: REGISTRY,
    image: settings.image,
    imagePullPolicy: 'IfNotPresent',
    ports: [
      { name: 'api', containerPort: REGISTRY_PORTS.api },
      { name: 'metrics', containerPort: REGISTRY_PORTS.metrics },
    ],
    env: [...environment(settings)],
    resources: resourcesOf(RESOURCES),
    volumeMounts: mountedVolumes(settings).map(({ mount }) => mount),
    securityContext: containerSecurity(),
    livenessProbe: probe(settings, 20),
    readinessProbe: probe(settings, 5),
  };
}

export function addRegistryDeployment(scope: Construct, settings: BundledRegistry): ApiObject {
  const metadata = registryMetadata(settings.namespace);
  return addDeploymentObject(scope, 'deployment', {
    metadata,
    spec: {
      replicas: 1,
      strategy: { type: 'Recreate' },
      selector: { matchLabels: { ...REGISTRY_SELECTOR } },
      template: {
        metadata: { labels: { ...metadata.labels } },
        spec: {
          serviceAccountName: REGISTRY,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: podSecurity(),
          containers: [container(settings)],
          volumes: mountedVolumes(settings).map(({ volume }) => volume),
        },
      },
    },
  });
}
