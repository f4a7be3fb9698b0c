// What runs on the test node: the platform of this repository's own images, and the quickstart as it is, but for the ways
// in: one server behind an Ingress, the other behind a Gateway.
import type { App } from 'cdk8s';
import { McpServer } from '#constructs/server/mcp-server.ts';
import quickstart from '#examples/quickstart/program.ts';
import { PlatformStack } from '#stacks/platform-stack.ts';
import { SentinelStack } from '#stacks/sentinel-stack.ts';

/** Where images come from that were loaded and not pulled. */
const image = (target: string) => `mcp-runtime.local/${target}:test`;

/** Images of the quickstart's servers, by the names that its program gives them. */
export const QUICKSTART_IMAGES = {
  'example.org/mcp/notes:1.0.0': 'notes',
  'example.org/mcp/everything:2026.8.31': 'everything',
} as const;

/** Hosts of the quickstart's servers. */
export const HOSTS = { notes: 'notes.example.org', everything: 'everything.example.org' } as const;

/** Where a server of the quickstart is, behind the ingress of this URL: its host leads to the address. */
export function serverAddress(server: keyof typeof HOSTS, ingressUrl: string) {
  const { hostname: address, port } = new URL(ingressUrl);
  const host = HOSTS[server];
  return { host, address, url: `http://${host}:${port}/${server}/mcp` };
}

/** The Secret with the token of the sentinel's API; whoever installs makes it. */
export const API_TOKEN_SECRET = { name: 'mcp-sentinel-api', key: 'token' } as const;

export interface Ways {
  readonly ingressClass: string;
  readonly gateway: { readonly namespace: string; readonly name: string };
  /** Port of the API server behind its Service. */
  readonly apiServerPort: number;
}

/** @returns the program for a node with these ways in */
export function nodeProgram({ ingressClass, gateway, apiServerPort }: Ways): (app: App) => void {
  return (app) => {
    const apiServerPorts = [443, apiServerPort];
    const sentinel = new SentinelStack(app, 'sentinel', {
      image: image('sentinel'),
      apiToken: { secretName: API_TOKEN_SECRET.name, key: API_TOKEN_SECRET.key },
      apiServerPorts,
    });
    new PlatformStack(app, 'platform', {
      image: image('operator'),
      distributor: { image: image('distributor') },
      config: {
        clusterName: 'test-node',
        gatewayImage: image('proxy'),
        ingestUrl: sentinel.ingestUrl,
        ingressNamespace: gateway.namespace,
      },
      apiServerPorts,
    });
    quickstart(app);
    for (const construct of app.node.findAll()) {
      if (!(construct instanceof McpServer)) continue;
      const host = construct.serverName === 'notes' ? HOSTS.notes : HOSTS.everything;
      construct.expose(construct.serverName === 'notes' ? { host, ingressClass } : { host, gateway });
    }
  };
}
