// The way into an installation and its certificates. It comes after cert-manager and the kinds of the Gateway API, where
// it uses them, and before servers.
import { Chart } from 'cdk8s';
import { Certificates } from '#constructs/certs/certificates.ts';
import type { SolverEntrance } from '#constructs/certs/solver.ts';
import type { TlsProps } from '#constructs/certs/tls-settings.ts';
import {
  IngressInstallation,
  type IngressInstallationProps,
} from '#constructs/ingress/ingress-installation.ts';
import type { IngressProps } from '#constructs/ingress/ingress-settings.ts';
import type { Construct } from 'constructs';

export interface EntranceStackProps {
  readonly ingress: IngressProps;
  readonly tls: TlsProps;
  /** Hosts that are served; where TLS has a certificate made, it is for them. @default every host */
  readonly hosts?: readonly string[];
}

/** Secret with the certificate of the hosts, beside the way in. */
export const ENTRANCE_TLS = 'mcp-runtime-tls';

/** Where the certificate is, in modes in which there is one for the way in. */
function secretOf(tls: TlsProps): string | undefined {
  if (tls.mode === 'none') return undefined;
  return tls.mode === 'secret' ? tls.secretName : ENTRANCE_TLS;
}

function solverEntrance({ config, className }: IngressInstallation): SolverEntrance {
  const { defaultGateway } = config;
  if (defaultGateway === undefined) return { ingressClassName: className };
  return { gateway: { namespace: defaultGateway.namespace, name: defaultGateway.name } };
}

export class EntranceStack extends Chart {
  readonly ingress: IngressInstallation;
  readonly certificates: Certificates;

  /** @throws InvalidConstructError with everything that is wrong */
  constructor(scope: Construct, id: string, { ingress, tls, hosts = [] }: EntranceStackProps) {
    super(scope, id, { disableResourceNameHashes: true });
    const props: IngressInstallationProps = {
      ...ingress,
      hosts,
      certificateSecret: secretOf(tls),
    };
    this.ingress = new IngressInstallation(this, 'ingress', props);
    this.certificates = new Certificates(this, 'certificates', tls, solverEntrance(this.ingress));
    // A Gateway that somebody else makes has a certificate that somebody else keeps.
    const isForeign = ingress.class === 'gateway' && ingress.existing === true;
    if (this.certificates.issuer === undefined || isForeign) return;
    this.certificates.serve(this, 'certificate', {
      name: ENTRANCE_TLS,
      namespace: this.ingress.certificateNamespace,
      dnsNames: hosts,
    });
  }
}
