// How tests reach what has a name in the cluster and none on this machine: the ingress by the hosts of servers, and
// Services by their names. Names lead to addresses here, so that what is sent is what any client would send.
import { afterAll } from '@jest/globals';
import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, fetch as undiciFetch } from 'undici';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { at } from '#test/cluster/harness/objects.ts';
import { HOSTS } from '#scripts/node/platform/program.ts';
import { node } from './node.ts';

const addresses = new Map<string, string>();

const lookup: LookupFunction = (hostname, options, callback) => {
  const address = addresses.get(hostname);
  if (address === undefined) {
    systemLookup(hostname, options, callback);
    return;
  }
  const found: LookupAddress = { address, family: 4 };
  if (options.all === true) callback(null, [found]);
  else callback(null, found.address, found.family);
};

const agent = new Agent({ connect: { lookup } });
afterAll(() => agent.destroy());

/** `fetch`, in which the hosts of the quickstart's servers and the names given to `nameOf` lead into the cluster. */
export const reach: typeof fetch = async (input, init) => {
  const target = input instanceof Request ? input.url : String(input);
  const { body, headers, method, signal } = init ?? {};
  const answer = await undiciFetch(target, {
    ...(method !== undefined && { method }),
    ...(signal !== undefined && signal !== null && { signal }),
    headers: Object.fromEntries(new Headers(headers)),
    ...(typeof body === 'string' && { body }),
    dispatcher: agent,
  });
  return new Response(answer.body === null ? null : ReadableStream.from(answer.body), {
    status: answer.status,
    headers: Object.fromEntries(answer.headers),
  });
};

/** URL of a server of the quickstart, through the ingress. */
export function serverUrl(server: keyof typeof HOSTS): string {
  const { hostname, port } = new URL(node().ingress.url);
  addresses.set(HOSTS[server], hostname);
  return `http://${HOSTS[server]}:${port}/${server}/mcp`;
}

/** Name of a Service, which then leads to its address. */
export async function nameOf(service: string, namespace: string): Promise<string> {
  const name = `${service}.${namespace}.svc.cluster.local`;
  const address = at(await cluster().must('Service', service, namespace), 'spec', 'clusterIP');
  addresses.set(name, String(address));
  return name;
}
