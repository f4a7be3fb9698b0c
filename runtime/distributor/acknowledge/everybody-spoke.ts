// Whether all proxies that can be expected to have said what they enforce. A distributor that has just begun has heard
// nobody, which doesn't mean that nobody is there.
import type { Cache } from '#runtime/kube/cache.ts';
import { hasGateway, isReady, serverOfLabels } from '../pod-view.ts';
import type { AcknowledgementBook } from './acknowledgement-book.ts';

/** Every ready pod of a server with its gateway on. */
export function everybodySpoke(pods: Cache, servers: Cache, book: AcknowledgementBook): boolean {
  for (const pod of pods.list()) {
    const server = serverOfLabels(pod);
    if (server === undefined || !isReady(pod) || !hasGateway(servers.get(server))) continue;
    if (!book.has(server, pod.metadata.uid ?? '')) return false;
  }
  return true;
}
