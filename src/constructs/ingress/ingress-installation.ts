// The way into an installation: what the operator has to know of it, and the few objects that it is made of.
import { ApiObject } from 'cdk8s';
import { z } from 'zod';
import { LABELS, PLATFORM } from '#api/labels.ts';
import type { OperatorConfig } from '#api/operator-config.ts';
import { GATEWAY_CLASS } from '#api/resolve-route.ts';
import { problemsOf } from '#api/sentences.ts';
import { clusterScoped } from '#constructs/kit/cluster-scoped.ts';
import { constructPath, InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
import { Construct } from 'constructs';
import { addIngressGateway, type GatewayHosts } from './gateway.ts';
import { ingressSettings, type IngressProps, type IngressSettings } from './ingress-settings.ts';

export type IngressInstallationProps = IngressProps & Partial<GatewayHosts>;

type ConfigPart = Pick<
  OperatorConfig,
  'ingressClass' | 'ingressNamespace' | 'ingressReadiness' | 'ingressTls' | 'defaultGateway'
> &
  Partial<Pick<OperatorConfig, 'ingressEntrypoints'>>;

function configOf(settings: IngressSettings, hasTls: boolean): ConfigPart {
  if (settings.class === 'gateway') {
    const { namespace, name, listener, controllerNamespace = namespace } = settings;
    return {
      ingressClass: GATEWAY_CLASS,
      ingressNamespace: controllerNamespace,
      ingressReadiness: 'strict',
      ingressTls: hasTls,
      defaultGateway: { namespace, name, ...(listener !== undefined && { sectionName: listener }) },
    };
  }
  const base = {
    ingressClass: settings.name,
    ingressNamespace: settings.namespace,
    ingressReadiness: settings.readiness,
    ingressTls: hasTls,
  };
  if (settings.class !== 'traefik') return base;
  return { ...base, ingressEntrypoints: settings.entrypoints ?? (hasTls ? 'websecure' : 'web') };
}

function addIngressClass(scope: Construct, name: string, controller: string): ApiObject {
  return clusterScoped(
    new ApiObject(scope, 'ingress-class', {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name, labels: { [LABELS.partOf]: PLATFORM } },
      spec: { controller },
    }),
  );
}

/** Makes a certificate that which Traefik serves where a route has none of its own. */
function addDefaultCertificate(scope: Construct, namespace: string, secretName: string): ApiObject {
  return new ApiObject(scope, 'tls-store', {
    apiVersion: 'traefik.io/v1alpha1',
    kind: 'TLSStore',
    metadata: { name: 'default', namespace, labels: { [LABELS.partOf]: PLATFORM } },
    spec: { defaultCertificate: { secretName } },
  });
}

export class IngressInstallation extends Construct {
  readonly settings: IngressSettings;
  /** What the operator has to know: members of `config` of the platform. */
  readonly config: ConfigPart;
  /** Class that servers name; `gateway` for routes of the Gateway API. */
  readonly className: string;
  /** Namespace in which a certificate for the hosts has to be. */
  readonly certificateNamespace: string;

  /** @throws InvalidConstructError with everything that is wrong */
  constructor(scope: Construct, id: string, props: IngressInstallationProps) {
    const { hosts = [], certificateSecret, ...rest } = props;
    const parsed = z.safeParse(ingressSettings, rest, { reportInput: true });
    if (!parsed.success) {
      const problems = problemsOf([], parsed.error);
      throw new InvalidConstructError('IngressInstallation', constructPath(scope, id), problems);
    }
    super(scope, id);
    const settings: IngressSettings = parsed.data;
    this.settings = settings;
    this.config = configOf(settings, certificateSecret !== undefined);
    this.className = this.config.ingressClass;
    this.certificateNamespace = settings.namespace;
    if (settings.class === 'gateway') addIngressGateway(this, settings, { hosts, certificateSecret });
    else {
      if (settings.controller !== undefined) addIngressClass(this, settings.name, settings.controller);
      if (settings.class === 'traefik' && certificateSecret !== undefined) {
        addDefaultCertificate(this, settings.namespace, certificateSecret);
      }
    }
  }
}
