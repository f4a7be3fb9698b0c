// nginx: the upstream of every candidate, and the yardstick of a plain reverse proxy.
import { fetchDebian, type EngineSource } from '#scripts/engines/packaged-engine.ts';

export const nginx: EngineSource = {
  name: 'nginx',
  variable: 'MCP_RUNTIME_NGINX',
  alsoIn: ['/usr/sbin', '/usr/local/sbin', '/usr/local/nginx/sbin'],
  cached: 'usr/sbin/nginx',
  origin: 'the Debian package nginx',
  remedy: 'Install it (Debian: apt-get install nginx-light) or name it in MCP_RUNTIME_NGINX.',
  fetch: (folder) => fetchDebian(folder, ['nginx']),
};
