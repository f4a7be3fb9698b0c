// Where images of servers come from, as one schema. The modes are those that installations know by name.
import { z } from 'zod';
import { dnsLabel, dnsSubdomain, quantity, text } from '#api/schema.ts';
import type { DeepReadonly } from '#constructs/kit/deep-readonly.ts';
import { isExactImage } from '#constructs/kit/problems.ts';

const key = text(253).regex(/^[-._a-zA-Z0-9]+$/, "must be letters, digits, '-', '_' and '.'");

const credentials = z
  .strictObject({
    secretName: dnsSubdomain.describe("Secret of the platform's namespace."),
    usernameKey: key.default('username').describe('Key of the user.'),
    passwordKey: key.default('password').describe('Key of the password.'),
  })
  .optional()
  .describe('Who pulls. With them, the operator keeps a pull secret where servers need it.');

const pullSecret = dnsSubdomain
  .optional()
  .describe('Name of the pull secret that the operator keeps; default: mcp-runtime-registry-pull.');

/** A registry is a host and perhaps a port and a path; who logs in there is in a Secret. */
const host = text(512).regex(
  /^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?(\/[a-z0-9._/-]+)?$/,
  'must be a host, with a port and a path if need be, and neither scheme nor user',
);

const bundled = {
  namespace: dnsLabel.default('registry').describe('Namespace of the registry.'),
  image: text(1024)
    .min(1)
    .refine(isExactImage, 'must name a version or a digest')
    .describe('Image of the registry (distribution 2.8 or 3).'),
  host: host
    .optional()
    .describe('How nodes reach it; default: the name of its Service, which nodes have to be told.'),
  nodePort: z.int().min(1).max(65_535).optional().describe('Port on every node; default: none.'),
  storage: z
    .strictObject({
      size: quantity.default('20Gi').describe('Size of the volume.'),
      storageClass: dnsSubdomain.optional().describe('Storage class; default: that of the cluster.'),
    })
    .prefault({})
    .describe('Where images are kept.'),
  htpasswdSecret: dnsSubdomain
    .optional()
    .describe("Secret of the registry's namespace, whose key htpasswd says who may push and pull."),
  open: z
    .strictObject({ reason: text(1024).regex(/\S/, 'must say why').describe('A sentence.') })
    .optional()
    .describe(
      'Why everybody who reaches the registry may push and pull; default: htpasswdSecret is required.',
    ),
  credentials,
  pullSecret,
};

export const REGISTRY_MODES = ['none', 'bundled-http', 'bundled-https', 'external'] as const;

export const registrySettings = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('none').describe('Servers name whole images, of whatever registry.') }),
  z.strictObject({
    mode: z.literal('bundled-http').describe('A registry in the cluster, by plain http: for laptops.'),
    ...bundled,
  }),
  z.strictObject({
    mode: z.literal('bundled-https').describe('A registry in the cluster, with a certificate.'),
    ...bundled,
    certificateSecret: dnsSubdomain
      .default('registry-tls')
      .describe('Secret with its certificate; filled by the issuer of the environment, where it has one.'),
  }),
  z.strictObject({
    mode: z.literal('external').describe('A registry that is there.'),
    host: host.describe('Host, port and path, for example registry.example.org/mcp.'),
    credentials,
    pullSecret,
  }),
]);

export type RegistrySettings = DeepReadonly<z.output<typeof registrySettings>>;

export type BundledRegistry = Extract<RegistrySettings, { mode: 'bundled-http' | 'bundled-https' }>;

/** What a program says about its registry: `{ mode: 'external', host: 'registry.example.org' }`. */
export type RegistryProps = DeepReadonly<z.input<typeof registrySettings>>;
