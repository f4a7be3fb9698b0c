// The ClusterIssuer of each mode, with what it stands on. The private authority is made by cert-manager itself: a
// self-signed issuer signs its certificate once, and what signs from then on is that certificate.
import { LABELS, PLATFORM } from '#api/labels.ts';
import { addCertificateObject, addClusterIssuer, type IssuerRef } from '#constructs/kit/cert-manager.ts';
import type { Construct } from 'constructs';
import { solverOf, type SolverEntrance } from './solver.ts';
import type { TlsSettings } from './tls-settings.ts';

export const ISSUERS = {
  acme: 'mcp-runtime-acme',
  acmeStaging: 'mcp-runtime-acme-staging',
  /** Name that installations of the Go system know. */
  privateCa: 'mcp-runtime-ca',
  selfSigned: 'mcp-runtime-self-signed',
} as const;

const DIRECTORY = 'https://acme-v02.api.letsencrypt.org/directory';
const STAGING_DIRECTORY = 'https://acme-staging-v02.api.letsencrypt.org/directory';

/** Where cert-manager looks for the Secrets of ClusterIssuers, unless it is told otherwise. */
export const CERT_MANAGER_NAMESPACE = 'cert-manager';

const metadata = (name: string, namespace?: string) => ({
  name,
  labels: { [LABELS.partOf]: PLATFORM },
  ...(namespace !== undefined && { namespace }),
});

const clusterIssuer = (name: string): IssuerRef => ({ kind: 'ClusterIssuer', name });

type AcmeSettings = Extract<TlsSettings, { mode: 'acme' | 'acme-staging' }>;

function addAcmeIssuer(scope: Construct, settings: AcmeSettings, entrance: SolverEntrance): IssuerRef {
  const isStaging = settings.mode === 'acme-staging';
  const name = isStaging ? ISSUERS.acmeStaging : ISSUERS.acme;
  addClusterIssuer(scope, 'acme-issuer', metadata(name), {
    acme: {
      server: settings.server ?? (isStaging ? STAGING_DIRECTORY : DIRECTORY),
      email: settings.email,
      privateKeySecretRef: { name: `${name}-account` },
      solvers: [solverOf(settings.dns01, entrance)],
    },
  });
  return clusterIssuer(name);
}

/** Ten years, replaced a year before: whoever trusts it has copied it. */
const AUTHORITY_AGE = { duration: '87600h', renewBefore: '8760h' };

function addPrivateAuthority(scope: Construct): IssuerRef {
  addClusterIssuer(scope, 'self-signed-issuer', metadata(ISSUERS.selfSigned), { selfSigned: {} });
  addCertificateObject(scope, 'authority', {
    metadata: metadata(ISSUERS.privateCa, CERT_MANAGER_NAMESPACE),
    secretName: ISSUERS.privateCa,
    issuer: clusterIssuer(ISSUERS.selfSigned),
    commonName: ISSUERS.privateCa,
    isAuthority: true,
    ...AUTHORITY_AGE,
  });
  const spec = { ca: { secretName: ISSUERS.privateCa } };
  addClusterIssuer(scope, 'authority-issuer', metadata(ISSUERS.privateCa), spec);
  return clusterIssuer(ISSUERS.privateCa);
}

/** Who signs in this mode; undefined where nobody of this cluster does. */
export function addIssuer(
  scope: Construct,
  settings: TlsSettings,
  entrance: SolverEntrance,
): IssuerRef | undefined {
  switch (settings.mode) {
    case 'none':
    case 'secret':
      return undefined;
    case 'existing-issuer':
      return clusterIssuer(settings.issuer);
    case 'private-ca':
      return addPrivateAuthority(scope);
    case 'acme':
    case 'acme-staging':
      return addAcmeIssuer(scope, settings, entrance);
  }
}
