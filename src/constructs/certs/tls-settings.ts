// Where an environment's certificates come from, as one schema. The modes are those that installations know by name;
// what they need of credentials they name, and never hold.
import { z } from 'zod';
import { dnsSubdomain, secretKeyRef, text } from '#api/schema.ts';
import type { DeepReadonly } from '#constructs/kit/deep-readonly.ts';

const secretKey = secretKeyRef.extend({
  name: dnsSubdomain.describe("Name of the Secret, in cert-manager's namespace."),
});

const dns01 = z.discriminatedUnion('provider', [
  z.strictObject({
    provider: z.literal('cloudflare').describe('Who serves the zone.'),
    apiToken: secretKey.describe('Token that may edit the zone.'),
  }),
  z.strictObject({
    provider: z.literal('route53').describe('Who serves the zone.'),
    region: text(64).optional().describe('Region; default: that of the pod.'),
    hostedZoneId: text(64).optional().describe('The one zone that is meant.'),
    role: text(512).optional().describe('Role to assume; default: that of the pod.'),
  }),
  z.strictObject({
    provider: z.literal('cloud-dns').describe('Who serves the zone.'),
    project: text(64).min(1).describe('Project of the zone.'),
    serviceAccount: secretKey.optional().describe('Key of an account; default: that of the pod.'),
  }),
  z.strictObject({
    provider: z.literal('azure-dns').describe('Who serves the zone.'),
    subscriptionId: text(64).min(1).describe('Subscription of the zone.'),
    resourceGroup: text(128).min(1).describe('Resource group of the zone.'),
    hostedZone: text(253).min(1).describe('Name of the zone.'),
    managedIdentityClientId: text(64).optional().describe("Identity; default: the pod's."),
  }),
]);

const acme = {
  email: z.email('must be a mail address').describe('Who is told when a certificate is about to end.'),
  server: z
    .string()
    .max(2048)
    .regex(/^https:\/\//, 'must be an https URL')
    .optional()
    .describe("Directory of the ACME server; default: Let's Encrypt's, of its staging with acme-staging."),
  dns01: dns01
    .optional()
    .describe('Proves hosts by DNS, which wildcards need. Default: by http on the way in (http01).'),
};

export const TLS_MODES = ['none', 'acme', 'acme-staging', 'existing-issuer', 'private-ca', 'secret'] as const;

export const tlsSettings = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('none').describe('No TLS: callers reach servers by plain http.') }),
  z.strictObject({ mode: z.literal('acme').describe('Certificates of an ACME server.'), ...acme }),
  z.strictObject({
    mode: z.literal('acme-staging').describe('Certificates of an ACME server that nobody trusts, to try it.'),
    ...acme,
  }),
  z.strictObject({
    mode: z.literal('existing-issuer').describe('Certificates of an issuer that the cluster has.'),
    issuer: dnsSubdomain.describe('Name of the ClusterIssuer.'),
  }),
  z.strictObject({
    mode: z
      .literal('private-ca')
      .describe('Certificates of an authority of the cluster, made by cert-manager.'),
  }),
  z.strictObject({
    mode: z.literal('secret').describe('Somebody else keeps the certificate in a Secret.'),
    secretName: dnsSubdomain.describe('Secret beside the way in: of its Gateway, or of its controller.'),
  }),
]);

export type TlsSettings = DeepReadonly<z.output<typeof tlsSettings>>;

/** What a program says about its certificates: `{ mode: 'private-ca' }`. */
export type TlsProps = DeepReadonly<z.input<typeof tlsSettings>>;

export type Dns01 = DeepReadonly<z.output<typeof dns01>>;
