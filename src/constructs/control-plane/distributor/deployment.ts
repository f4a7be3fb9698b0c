// The distributors: all of them work, so that the loss of one is noticed by nobody. They hold no state and no credential
// but the token of their account; their certificate comes through the API server, so that a new one counts at once.
import type { ApiObject } from 'cdk8s';
import { DISTRIBUTOR_MEMORY, DISTRIBUTOR_PATHS, DISTRIBUTOR_PORTS } from '#api/distributor-api.ts';
import { DISTRIBUTOR } from '#api/names.ts';
import { addDeploymentObject } from '#constructs/kit/deployment.ts';
import type { Container, PodTemplateSpec } from '#constructs/kit/kubernetes.ts';
import { containerSecurity, podSecurity } from '#constructs/kit/security.ts';
import type { Construct } from 'constructs';
import {
  DEFAULT_DISTRIBUTOR_REPLICAS,
  DEFAULT_DISTRIBUTOR_RESOURCES,
  type ControlPlaneProps,
  type DistributorProps,
} from '../control-plane-props.ts';
import { installationEnvironment, variablesOf } from '../installation-environment.ts';
import { DISTRIBUTOR_LABELS, DISTRIBUTOR_SELECTOR, platformMetadata } from '../metadata.ts';
import { apart, pageProbe, resourcesOf } from '#constructs/kit/pods.ts';

/** Streams are handed over one by one. */
const GRACE_SECONDS = 15;

function container(props: ControlPlaneProps, { image, resources }: DistributorProps): Container {
  return {
    name: 'distributor',
    image,
    imagePullPolicy: 'IfNotPresent',
    ports: [
      { name: 'stream', containerPort: DISTRIBUTOR_PORTS.stream },
      { name: 'pages', containerPort: DISTRIBUTOR_PORTS.pages },
    ],
    env: [...variablesOf({ ...DISTRIBUTOR_MEMORY, ...installationEnvironment(props) })],
    resources: resourcesOf(resources ?? DEFAULT_DISTRIBUTOR_RESOURCES),
    securityContext: containerSecurity(),
    livenessProbe: pageProbe('pages', DISTRIBUTOR_PATHS.health, {
      initialDelaySeconds: 10,
      periodSeconds: 20,
    }),
    readinessProbe: pageProbe('pages', DISTRIBUTOR_PATHS.ready, { initialDelaySeconds: 1, periodSeconds: 5 }),
  };
}

function podTemplate(props: ControlPlaneProps, distributor: DistributorProps): PodTemplateSpec {
  const pullSecrets = (props.imagePullSecrets ?? []).map((name) => ({ name }));
  return {
    metadata: { labels: { ...DISTRIBUTOR_LABELS } },
    spec: {
      serviceAccountName: DISTRIBUTOR.serviceAccount,
      automountServiceAccountToken: true,
      enableServiceLinks: false,
      securityContext: podSecurity(),
      imagePullSecrets: pullSecrets.length === 0 ? undefined : pullSecrets,
      terminationGracePeriodSeconds: GRACE_SECONDS,
      ...apart(DISTRIBUTOR_SELECTOR),
      containers: [container(props, distributor)],
    },
  };
}

export function addDistributorDeployment(
  scope: Construct,
  props: ControlPlaneProps,
  distributor: DistributorProps,
): ApiObject {
  return addDeploymentObject(scope, 'distributor-deployment', {
    metadata: platformMetadata(DISTRIBUTOR.deployment, DISTRIBUTOR_LABELS),
    spec: {
      replicas: distributor.replicas ?? DEFAULT_DISTRIBUTOR_REPLICAS,
      selector: { matchLabels: { ...DISTRIBUTOR_SELECTOR } },
      template: podTemplate(props, distributor),
    },
  });
}
