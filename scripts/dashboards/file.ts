// The dashboards as one file of plain data, so that a program which renders them needs no builder.
import path from 'node:path';
import { format, resolveConfig } from 'prettier';
import { platformDashboard } from './platform.ts';
import { serversDashboard } from './servers.ts';

export const DASHBOARDS_FILE = 'src/constructs/observability/dashboards.ts';

const HEADER = `// Generated from scripts/dashboards by \`npm run generate\`; edits are lost.

/** Dashboards of Grafana by their name. */
export const DASHBOARDS: Readonly<Record<string, object>> = `;

export async function dashboardsFile(root: string): Promise<string> {
  const dashboards = { servers: serversDashboard(), platform: platformDashboard() };
  const options = { ...(await resolveConfig(path.join(root, DASHBOARDS_FILE))), parser: 'typescript' };
  return format(`${HEADER}${JSON.stringify(dashboards)};\n`, options);
}
