// What an environment says about its way in, as one schema. What is there is used; what can be made of plain objects
// is made when it is asked for. A controller itself is never installed: it has its own releases and its own people.
import { z } from 'zod';
import { dnsLabel, dnsSubdomain, text } from '#api/schema.ts';
import type { DeepReadonly } from '#constructs/kit/deep-readonly.ts';

const exposure = z
  .enum(['public', 'internal'])
  .default('public')
  .describe('Whether the class is reached from the internet; internal ones may have servers without auth.');

const readiness = z
  .enum(['strict', 'permissive'])
  .default('strict')
  .describe('When an Ingress counts as in force. permissive: without an address, as with node ports.');

const controller = text(253)
  .regex(/^[a-z0-9.-]+\/[A-Za-z0-9/._~%!$&'()*+,;=:-]+$/, 'must be a domain and a path')
  .optional()
  .describe(
    'Makes the class object for the controller of this name, for example traefik.io/ingress-controller.',
  );

/** What is said of every ingress class that the cluster has. */
const common = { controller, exposure, readiness };

const className = (name: string) =>
  dnsSubdomain.default(name).describe('Name of the IngressClass of the cluster.');

const controllerNamespace = (name: string) =>
  dnsLabel.default(name).describe('Namespace of the controller, whose pods may reach proxies.');

const traefik = z.strictObject({
  class: z.literal('traefik').describe('What the way in is: Traefik.'),
  name: className('traefik'),
  namespace: controllerNamespace('traefik'),
  entrypoints: text(253)
    .optional()
    .describe('Entry points of routes, comma-separated; default: websecure with TLS, else web.'),
  ...common,
});

const nginx = z.strictObject({
  class: z.literal('nginx').describe('What the way in is: the controller of the makers of nginx.'),
  name: className('nginx'),
  namespace: controllerNamespace('nginx-ingress'),
  ...common,
});

const communityNginx = z.strictObject({
  class: z.literal('community-nginx').describe('What the way in is: ingress-nginx, which is retired.'),
  name: className('nginx'),
  namespace: controllerNamespace('ingress-nginx'),
  ...common,
});

const istio = z.strictObject({
  class: z.literal('istio').describe("What the way in is: Istio's ingress gateway."),
  name: className('istio'),
  namespace: controllerNamespace('istio-system'),
  ...common,
});

const generic = z.strictObject({
  class: z.literal('generic').describe('What the way in is: another controller.'),
  name: dnsSubdomain.describe('Name of the IngressClass of the cluster.'),
  namespace: dnsLabel.describe('Namespace of the controller, whose pods may reach proxies.'),
  ...common,
});

const gateway = z.strictObject({
  class: z.literal('gateway').describe('What the way in is: a Gateway of the Gateway API.'),
  gatewayClassName: dnsSubdomain.describe('GatewayClass of the cluster, for example istio, envoy, contour.'),
  controllerName: controller.describe('Makes the GatewayClass for the controller of this name.'),
  // Its redirect is `<name>-redirect`.
  name: dnsSubdomain.max(244).default('mcp-gateway').describe('Name of the Gateway.'),
  namespace: dnsLabel.default('mcp-gateway').describe('Namespace of the Gateway.'),
  controllerNamespace: dnsLabel
    .optional()
    .describe("Namespace of the pods that serve it; default: the Gateway's."),
  existing: z.boolean().default(false).describe('Whether somebody else makes the Gateway and its namespace.'),
  listener: dnsSubdomain.optional().describe('The one listener that is meant; default: every one that fits.'),
  routesFrom: z
    .enum(['platform', 'all'])
    .default('platform')
    .describe(
      'Whose routes are taken: namespaces with the label app.kubernetes.io/part-of: mcp-runtime, or all.',
    ),
  exposure,
});

export const ingressSettings = z.discriminatedUnion('class', [
  gateway,
  traefik,
  nginx,
  communityNginx,
  istio,
  generic,
]);

export type IngressSettings = DeepReadonly<z.output<typeof ingressSettings>>;

/** What a program says about its way in: `{ class: 'gateway', gatewayClassName: 'istio' }`. */
export type IngressProps = DeepReadonly<z.input<typeof ingressSettings>>;
