// The operators: two, so that the loss of a node is a matter of seconds. They hold no state and no credential but
// the token of their account.
import type { ApiObject } from 'cdk8s';
import { addDeploymentObject } from '#constructs/kit/deployment.ts';
import {
  IntOrString,
  Quantity,
  type Container,
  type PodTemplateSpec,
  type Probe,
} from '#constructs/kit/kubernetes.ts';
import { containerSecurity, podSecurity } from '#constructs/kit/security.ts';
import type { Construct } from 'constructs';
import { DEFAULT_REPLICAS, DEFAULT_RESOURCES, type ControlPlaneProps } from '../control-plane-props.ts';
import { OPERATOR_LABELS, OPERATOR_SELECTOR, platformMetadata } from '../metadata.ts';
import { OPERATOR, OPERATOR_PORTS } from '../names.ts';
import { operatorEnvironment } from './environment.ts';

const quantities = ({ cpu, memory }: { readonly cpu: string; readonly memory: string }) => ({
  cpu: Quantity.fromString(cpu),
  memory: Quantity.fromString(memory),
});

const probe = (path: string, initialDelaySeconds: number, periodSeconds: number): Probe => ({
  httpGet: { path, port: IntOrString.fromString('probes') },
  initialDelaySeconds,
  periodSeconds,
});

function container(props: ControlPlaneProps): Container {
  const { requests, limits } = props.resources ?? DEFAULT_RESOURCES;
  return {
    name: OPERATOR.container,
    image: props.image,
    imagePullPolicy: 'IfNotPresent',
    args: ['--leader-elect'],
    ports: [
      { name: 'metrics', containerPort: OPERATOR_PORTS.metrics },
      { name: 'probes', containerPort: OPERATOR_PORTS.probes },
    ],
    env: [...operatorEnvironment(props)],
    resources: { requests: quantities(requests), limits: quantities(limits) },
    securityContext: containerSecurity(),
    livenessProbe: probe('/healthz', 15, 20),
    readinessProbe: probe('/readyz', 5, 10),
  };
}

const labelSelector = { matchLabels: { ...OPERATOR_SELECTOR } };

/** Apart from each other where the cluster has the room, and somewhere in any case. */
function placement(): Pick<NonNullable<PodTemplateSpec['spec']>, 'affinity' | 'topologySpreadConstraints'> {
  const term = { labelSelector, topologyKey: 'kubernetes.io/hostname' };
  return {
    affinity: {
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term }],
      },
    },
    topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map(
      (topologyKey) => ({ maxSkew: 1, topologyKey, whenUnsatisfiable: 'ScheduleAnyway', labelSelector }),
    ),
  };
}

function podTemplate(props: ControlPlaneProps): PodTemplateSpec {
  const pullSecrets = (props.imagePullSecrets ?? []).map((name) => ({ name }));
  return {
    metadata: { labels: { ...OPERATOR_LABELS, ...OPERATOR_SELECTOR } },
    spec: {
      serviceAccountName: OPERATOR.serviceAccount,
      automountServiceAccountToken: true,
      enableServiceLinks: false,
      securityContext: podSecurity(),
      imagePullSecrets: pullSecrets.length === 0 ? undefined : pullSecrets,
      ...placement(),
      containers: [container(props)],
    },
  };
}

export function addOperatorDeployment(scope: Construct, props: ControlPlaneProps): ApiObject {
  return addDeploymentObject(scope, 'deployment', {
    metadata: platformMetadata(OPERATOR.deployment, { ...OPERATOR_LABELS, ...OPERATOR_SELECTOR }),
    spec: {
      replicas: props.replicas ?? DEFAULT_REPLICAS,
      selector: labelSelector,
      template: podTemplate(props),
    },
  });
}
