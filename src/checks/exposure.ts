// Which servers anybody can call, as far as a program can tell.
import { GATEWAY_CLASS } from '#api/resolve-route.ts';
import { settingsOf } from '#constructs/kit/settings.ts';
import type { ProgramView, SeenServer } from './program-view.ts';

/** Whether the route of a server is on a class that the environment doesn't call internal. */
export function isPublic({ construct, resolved }: SeenServer): boolean {
  const { internalClasses = [] } = settingsOf(construct);
  const { kind, ingressClass } = resolved.route;
  return !internalClasses.includes(kind === 'HTTPRoute' ? GATEWAY_CLASS : ingressClass);
}

/** Whether callers reach the server by https: a certificate of its own, the installation's, or an edge in front. */
export function isEncrypted({ resource, resolved }: SeenServer, { config }: ProgramView): boolean {
  const { externalURL } = resource.spec;
  if (externalURL !== undefined) return URL.parse(externalURL)?.protocol === 'https:';
  return resolved.route.tls !== undefined || config.ingressTls;
}
