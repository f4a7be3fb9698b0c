// How tests reach servers and Services of the cluster: by the names that their clients use.
import { afterAll } from '@jest/globals';
import { NamedFetch } from '#scripts/node/named-fetch.ts';
import type { HOSTS } from '#scripts/node/platform/program.ts';
import { serverAddress } from '#scripts/node/platform/program.ts';
import { PROXY_PORTS } from '#api/proxy-config.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { at, type KubeObject } from '#test/cluster/harness/objects.ts';
import { node } from './node.ts';

const named = new NamedFetch();
afterAll(() => named.close());

/** `fetch`, in which the servers of the quickstart and the names given to `nameOf` lead into the cluster. */
export const reach = named.fetch;

/** URL of a server of the quickstart, through the ingress. */
export function serverUrl(server: keyof typeof HOSTS): string {
  const { host, address, url } = serverAddress(server, node().ingress.url);
  named.name(host, address);
  return url;
}

/** URL of a server of a test's own, at a host of its own behind the ingress. */
export function hostUrl(host: string, path: string): string {
  const { hostname: address, port } = new URL(node().ingress.url);
  named.name(host, address);
  return `http://${host}:${port}${path}`;
}

/** Name of a Service, which then leads to its address. */
export async function nameOf(service: string, namespace: string): Promise<string> {
  const name = `${service}.${namespace}.svc.cluster.local`;
  const address = at(await cluster().must('Service', service, namespace), 'spec', 'clusterIP');
  named.name(name, String(address));
  return name;
}

/** URL of one pod's proxy, past every Service, by a name of its server. */
export function podUrl(pod: KubeObject, server: string): string {
  const name = `${server}.${pod.metadata.namespace ?? ''}.svc`;
  named.name(name, String(at(pod, 'status', 'podIP')));
  return `http://${name}:${PROXY_PORTS.gateway}/mcp`;
}
