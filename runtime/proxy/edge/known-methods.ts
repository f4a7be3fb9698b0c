// Which requests the protocol knows, in each of its eras. A method that it knows and policy keeps closed is denied with its
// reason; one that it doesn't know is not found, as the specification asks of servers.
import type { ClientMessage } from '../json/client-message.ts';

const OF_BOTH_ERAS = [
  'completion/complete',
  'prompts/get',
  'prompts/list',
  'resources/list',
  'resources/read',
  'resources/templates/list',
  'tasks/cancel',
  'tasks/get',
  'tools/call',
  'tools/list',
] as const;

const LEGACY: ReadonlySet<string> = new Set([
  ...OF_BOTH_ERAS,
  'initialize',
  'logging/setLevel',
  'ping',
  'resources/subscribe',
  'resources/unsubscribe',
  'tasks/list',
  'tasks/result',
]);

const MODERN: ReadonlySet<string> = new Set([
  ...OF_BOTH_ERAS,
  'server/discover',
  'subscriptions/listen',
  'tasks/update',
]);

/** Whether a request is one that a server of its era may have; names are case-sensitive. */
export function isKnownMethod({ method, modern }: Pick<ClientMessage, 'method' | 'modern'>): boolean {
  return method !== undefined && (modern ? MODERN : LEGACY).has(method);
}
