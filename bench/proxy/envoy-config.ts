// Envoy as a plain reverse proxy: one listener, one cluster, one worker, no access log, no admin port.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';

const manager =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const router = 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router';

function socket(port: number): object {
  return { address: { socket_address: { address: '127.0.0.1', port_value: port } } };
}

function bootstrap(port: number, upstreamPort: number): object {
  const http = {
    '@type': manager,
    stat_prefix: 'mcp',
    route_config: {
      virtual_hosts: [
        { name: 'mcp', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'mcp' } }] },
      ],
    },
    http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': router } }],
  };
  return {
    static_resources: {
      listeners: [
        {
          name: 'mcp',
          ...socket(port),
          filter_chains: [
            { filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: http }] },
          ],
        },
      ],
      clusters: [
        {
          name: 'mcp',
          type: 'STATIC',
          load_assignment: {
            cluster_name: 'mcp',
            endpoints: [{ lb_endpoints: [{ endpoint: socket(upstreamPort) }] }],
          },
        },
      ],
    },
  };
}

/** Arguments of an Envoy that forwards everything. */
export async function envoyConfig(
  folder: string,
  port: number,
  upstreamPort: number,
): Promise<readonly string[]> {
  const file = path.join(folder, 'envoy.json');
  await writeFile(file, JSON.stringify(bootstrap(port, upstreamPort)));
  return ['-c', file, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'error'];
}
