// wrk: the load generator, in C with few instructions a request, so that one core can load any candidate.
import { fetchDebian, type EngineSource } from '#scripts/engines/packaged-engine.ts';

export const wrk: EngineSource = {
  name: 'wrk',
  variable: 'MCP_RUNTIME_WRK',
  cached: 'usr/bin/wrk',
  libraries: ['usr/lib/x86_64-linux-gnu', 'usr/lib/aarch64-linux-gnu'],
  origin: 'the Debian package wrk',
  remedy: 'Install it (Debian: apt-get install wrk) or name it in MCP_RUNTIME_WRK.',
  fetch: (folder) => fetchDebian(folder, ['wrk', 'libluajit-5.1-2']),
};
