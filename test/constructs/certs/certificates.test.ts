import { describe, expect, it } from '@jest/globals';
import { Certificates } from '#constructs/certs/certificates.ts';
import { CERT_MANAGER_NAMESPACE, ISSUERS } from '#constructs/certs/issuer.ts';
import { TLS_MODES, tlsSettings, type TlsProps } from '#constructs/certs/tls-settings.ts';
import { aChart, manifestOfKind, manifestsOf, refusal } from '../build.ts';

const EMAIL = { email: 'platform@example.org' };

const MODES: Readonly<Record<(typeof TLS_MODES)[number], TlsProps>> = {
  none: { mode: 'none' },
  acme: { mode: 'acme', ...EMAIL },
  'acme-staging': { mode: 'acme-staging', ...EMAIL },
  'existing-issuer': { mode: 'existing-issuer', issuer: 'corporate' },
  'private-ca': { mode: 'private-ca' },
  secret: { mode: 'secret', secretName: 'mcp-tls' },
};

const ENTRANCE = { gateway: { namespace: 'mcp-gateway', name: 'mcp-gateway' } };
const SERVED = { name: 'mcp-tls', namespace: 'mcp-gateway', dnsNames: ['mcp.example.org'] };

function made(props: TlsProps, entrance: ConstructorParameters<typeof Certificates>[3] = ENTRANCE) {
  const chart = aChart();
  return { chart, certificates: new Certificates(chart, 'certs', props, entrance) };
}

describe('the certificates of an installation', () => {
  it('come from one of these modes', () => {
    expect(tlsSettings.options.map(({ shape }) => shape.mode.value)).toEqual(TLS_MODES);
  });

  it.each(TLS_MODES)('have the objects of mode %s', (mode) => {
    const { chart, certificates } = made(MODES[mode]);
    if (certificates.issuer !== undefined) certificates.serve(chart, 'serving', SERVED);
    expect(manifestsOf(chart)).toMatchSnapshot();
  });

  it('are signed by who is there, and by nobody in modes without an issuer', () => {
    const issuers = TLS_MODES.map((mode) => [mode, made(MODES[mode]).certificates.issuer?.name]);
    expect(Object.fromEntries(issuers)).toEqual({
      none: undefined,
      acme: ISSUERS.acme,
      'acme-staging': ISSUERS.acmeStaging,
      'existing-issuer': 'corporate',
      'private-ca': ISSUERS.privateCa,
      secret: undefined,
    });
    for (const mode of ['none', 'secret'] as const) {
      const { problems } = refusal(() => {
        const { chart, certificates } = made(MODES[mode]);
        certificates.serve(chart, 'serving', SERVED);
      });
      expect(problems).toEqual([{ path: 'mode', message: expect.stringContaining(`mode ${mode}`) }]);
    }
  });

  it('stand on an authority whose Secret is where its issuer looks for it', () => {
    const { chart } = made(MODES['private-ca']);
    expect(manifestOfKind(chart, 'Certificate')).toMatchObject({
      metadata: { namespace: CERT_MANAGER_NAMESPACE },
      spec: { isCA: true, secretName: ISSUERS.privateCa, issuerRef: { name: ISSUERS.selfSigned } },
    });
    const issuers = manifestsOf(chart).filter(({ kind }) => kind === 'ClusterIssuer');
    expect(issuers.map(({ spec }) => spec)).toEqual([
      { selfSigned: {} },
      { ca: { secretName: ISSUERS.privateCa } },
    ]);
    for (const { metadata } of issuers) expect(metadata).not.toHaveProperty('namespace');
  });

  it.each([
    [
      'an ingress class',
      {},
      { ingressClassName: 'traefik' },
      { http01: { ingress: { ingressClassName: 'traefik' } } },
    ],
    [
      'cloudflare',
      { dns01: { provider: 'cloudflare', apiToken: { name: 'zone', key: 'token' } } },
      ENTRANCE,
      { dns01: { cloudflare: { apiTokenSecretRef: { name: 'zone', key: 'token' } } } },
    ],
    [
      'route53',
      { dns01: { provider: 'route53', region: 'eu-north-1', hostedZoneId: 'Z1' } },
      ENTRANCE,
      { dns01: { route53: { region: 'eu-north-1', hostedZoneID: 'Z1' } } },
    ],
    [
      'cloud-dns',
      { dns01: { provider: 'cloud-dns', project: 'p' } },
      ENTRANCE,
      { dns01: { cloudDNS: { project: 'p' } } },
    ],
    [
      'azure-dns',
      {
        dns01: { provider: 'azure-dns', subscriptionId: 's', resourceGroup: 'g', hostedZone: 'example.org' },
      },
      ENTRANCE,
      { dns01: { azureDNS: { subscriptionID: 's', resourceGroupName: 'g', hostedZoneName: 'example.org' } } },
    ],
  ] as const)('prove hosts by %s', (_what, options, entrance, solver) => {
    const { chart } = made({ mode: 'acme', ...EMAIL, ...options }, entrance);
    expect(manifestOfKind(chart, 'ClusterIssuer').spec).toMatchObject({ acme: { solvers: [solver] } });
  });

  it('say everything that is wrong at once', () => {
    const bad = { mode: 'acme', email: 'nobody', server: 'http://acme.example.org' } as const;
    expect(refusal(() => made(bad)).problems.map(({ path }) => path)).toEqual(['email', 'server']);
  });
});
