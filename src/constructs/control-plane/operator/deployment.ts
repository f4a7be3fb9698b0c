// The operators: two, so that the loss of a node is a matter of seconds. They hold no state and no credential but
// the token of their account.
import type { ApiObject } from 'cdk8s';
import { TOKEN_AUDIENCES } from '#api/names.ts';
import { IDENTITY_FILES, PROXY_PATHS } from '#api/proxy-config.ts';
import { addDeploymentObject } from '#constructs/kit/deployment.ts';
import type { Container, PodTemplateSpec, Volume } from '#constructs/kit/kubernetes.ts';
import { containerSecurity, podSecurity } from '#constructs/kit/security.ts';
import type { Construct } from 'constructs';
import {
  DEFAULT_REPLICAS,
  DEFAULT_RESOURCES,
  isDistributorOff,
  type ControlPlaneProps,
} from '../control-plane-props.ts';
import { OPERATOR_LABELS, OPERATOR_SELECTOR, platformMetadata } from '../metadata.ts';
import { OPERATOR, OPERATOR_PORTS } from '../names.ts';
import { apart, pageProbe, resourcesOf } from '#constructs/kit/pods.ts';
import { operatorEnvironment } from './environment.ts';

function container(props: ControlPlaneProps): Container {
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
    resources: resourcesOf(props.resources ?? DEFAULT_RESOURCES),
    volumeMounts: isDistributorOff(props.distributor)
      ? undefined
      : [{ name: IDENTITY, mountPath: PROXY_PATHS.identityFolder, readOnly: true }],
    securityContext: containerSecurity(),
    livenessProbe: pageProbe('probes', '/healthz', { initialDelaySeconds: 15, periodSeconds: 20 }),
    readinessProbe: pageProbe('probes', '/readyz', { initialDelaySeconds: 5, periodSeconds: 10 }),
  };
}

/** The token by which the distributors know the operator; its account's own token is for the API server alone. */
const IDENTITY = 'identity';
const TOKEN_SECONDS = 3600;

function identityVolume(): Volume {
  const { policyToken: path } = IDENTITY_FILES;
  const token = { audience: TOKEN_AUDIENCES.policy, path, expirationSeconds: TOKEN_SECONDS };
  return { name: IDENTITY, projected: { sources: [{ serviceAccountToken: token }] } };
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
      ...apart(OPERATOR_SELECTOR),
      containers: [container(props)],
      volumes: isDistributorOff(props.distributor) ? undefined : [identityVolume()],
    },
  };
}

export function addOperatorDeployment(scope: Construct, props: ControlPlaneProps): ApiObject {
  return addDeploymentObject(scope, 'deployment', {
    metadata: platformMetadata(OPERATOR.deployment, { ...OPERATOR_LABELS, ...OPERATOR_SELECTOR }),
    spec: {
      replicas: props.replicas ?? DEFAULT_REPLICAS,
      selector: { matchLabels: { ...OPERATOR_SELECTOR } },
      template: podTemplate(props),
    },
  });
}
