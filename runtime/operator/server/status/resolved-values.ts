// What follows from the spec and the installation, as status shows it. Images are those of the Deployment: a proxy that
// waits for its turn in a wave is shown as it is.
import type { McpServerStatus } from '#api/mcp-server.ts';
import { serverObjectNames } from '#api/names.ts';
import { objectKey } from '#api/principal.ts';
import { PROXY_CONTAINER } from '#api/proxy-config.ts';
import type { ResolvedRoute } from '#api/resolve-route.ts';
import type { Scene } from './scene.ts';

type Values = NonNullable<McpServerStatus['resolved']>;

function gatewayText({ parent }: ResolvedRoute): string | undefined {
  if (parent === undefined) return undefined;
  return parent.sectionName === undefined ? objectKey(parent) : `${objectKey(parent)}/${parent.sectionName}`;
}

/** Members that have a value. */
function present(values: Values): Values {
  const entries: readonly (readonly [string, string | undefined])[] = Object.entries(values);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

export function resolvedValues({ input, observed, stable }: Scene): Values {
  const { resolved } = input;
  const { gateway, route } = resolved;
  const containers = stable.deployment?.spec.template.spec.containers ?? [];
  const imageIn = (name: string) => containers.find((container) => container.name === name)?.image;
  return present({
    image: imageIn(serverObjectNames(resolved.name).container) ?? resolved.image,
    gatewayImage: gateway === undefined ? undefined : (imageIn(PROXY_CONTAINER) ?? gateway.image),
    publicPath: route.path,
    host: route.host,
    url: route.url,
    ingressClass: route.ingressClass,
    ingressStrategy: observed.ingressStrategy,
    gateway: gatewayText(route),
    upstreamURL: gateway?.upstreamUrl,
    analyticsSource: gateway?.analytics?.source,
    serviceAccount: resolved.serviceAccount,
  });
}
