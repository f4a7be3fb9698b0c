// How cert-manager proves to an ACME server that the hosts are ours: by DNS where that was said, else by http on the way
// in that is there anyway.
import type { AcmeSolver, SecretKey } from '#constructs/kit/cert-manager.ts';
import type { Dns01 } from './tls-settings.ts';

/** The way in, as far as a solver needs it. */
export type SolverEntrance =
  | { readonly ingressClassName: string }
  | { readonly gateway: { readonly namespace: string; readonly name: string } };

const secretRef = ({ name, key }: SecretKey): SecretKey => ({ name, key });

function dnsSolver(dns: Dns01): Readonly<Record<string, unknown>> {
  switch (dns.provider) {
    case 'cloudflare':
      return { cloudflare: { apiTokenSecretRef: secretRef(dns.apiToken) } };
    case 'route53':
      return { route53: { region: dns.region, hostedZoneID: dns.hostedZoneId, role: dns.role } };
    case 'cloud-dns': {
      const { project, serviceAccount } = dns;
      return {
        cloudDNS: { project, serviceAccountSecretRef: serviceAccount && secretRef(serviceAccount) },
      };
    }
    case 'azure-dns': {
      const { managedIdentityClientId: clientID } = dns;
      return {
        azureDNS: {
          subscriptionID: dns.subscriptionId,
          resourceGroupName: dns.resourceGroup,
          hostedZoneName: dns.hostedZone,
          managedIdentity: clientID === undefined ? undefined : { clientID },
        },
      };
    }
  }
}

export function solverOf(dns: Dns01 | undefined, entrance: SolverEntrance): AcmeSolver {
  if (dns !== undefined) return { dns01: dnsSolver(dns) };
  if ('gateway' in entrance) {
    const { name, namespace } = entrance.gateway;
    return { http01: { gatewayHTTPRoute: { parentRefs: [{ name, namespace }] } } };
  }
  return { http01: { ingress: { ingressClassName: entrance.ingressClassName } } };
}
