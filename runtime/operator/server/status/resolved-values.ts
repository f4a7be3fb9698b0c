// What follows from the spec and the installation, as status shows it. Images and pull secrets are those of the
// Deployment: a proxy that waits for its turn in a wave is shown as it is.
import type { McpServerStatus } from '#api/mcp-server.ts';
import { serverObjectNames } from '#api/names.ts';
import { objectKey } from '#api/principal.ts';
import { PROXY_CONTAINER } from '#api/proxy-config.ts';
import type { ResolvedGateway } from '#api/resolve-gateway.ts';
import type { ResolvedRoute } from '#api/resolve-route.ts';
import type { Scene } from './scene.ts';

/** As many as the schema of the status takes. */
const MOST_SECRETS = 64;

type Values = NonNullable<McpServerStatus['resolved']>;

function gatewayText({ parent }: ResolvedRoute): string | undefined {
  if (parent === undefined) return undefined;
  return parent.sectionName === undefined ? objectKey(parent) : `${objectKey(parent)}/${parent.sectionName}`;
}

/** How callers are identified and calls decided, with every default; there only while the gateway is on. */
function governance(gateway: ResolvedGateway | undefined): Pick<Values, 'auth' | 'policy'> {
  if (gateway === undefined) return {};
  const { auth, policy, session } = gateway;
  return {
    auth: {
      mode: auth.mode,
      humanIDHeader: auth.humanHeader,
      agentIDHeader: auth.agentHeader,
      teamIDHeader: auth.teamHeader,
      sessionIDHeader: auth.sessionHeader,
      tokenHeader: auth.tokenHeader,
      ...(auth.audience !== undefined && { audience: auth.audience }),
    },
    policy: {
      mode: policy.mode,
      defaultDecision: policy.defaultDecision,
      sessionRequired: session.required,
    },
  };
}

/** Members that have a value. */
function present(values: Values): Values {
  const entries: readonly (readonly [string, unknown])[] = Object.entries(values);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

export function resolvedValues({ input, observed, stable }: Scene): Values {
  const { resolved } = input;
  const { gateway, route } = resolved;
  const { containers = [], imagePullSecrets = [] } = stable.deployment?.spec.template.spec ?? {};
  const imageIn = (name: string) => containers.find((container) => container.name === name)?.image;
  const pullSecrets = imagePullSecrets.map(({ name }) => name).slice(0, MOST_SECRETS);
  return present({
    image: imageIn(serverObjectNames(resolved.name).container) ?? resolved.image,
    gatewayImage: gateway === undefined ? undefined : (imageIn(PROXY_CONTAINER) ?? gateway.image),
    pullSecrets: pullSecrets.length === 0 ? undefined : pullSecrets,
    publicPath: route.path,
    host: route.host,
    url: route.url,
    ingressClass: route.ingressClass,
    ingressStrategy: observed.ingressStrategy,
    gateway: gatewayText(route),
    upstreamURL: gateway?.upstreamUrl,
    analyticsSource: gateway?.analytics?.source,
    serviceAccount: resolved.serviceAccount,
    ...governance(gateway),
  });
}
