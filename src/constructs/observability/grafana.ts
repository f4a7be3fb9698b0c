// What Grafana is told, as ConfigMaps that its sidecar finds by their label.
import { stringify } from 'yaml';
import { LABELS, PLATFORM } from '#api/labels.ts';
import { KubeConfigMap } from '#constructs/kit/kubernetes.ts';
import type { Construct } from 'constructs';
import { DASHBOARDS } from './dashboards.ts';
import type { ObservabilitySettings } from './observability-settings.ts';

function metadata(
  { namespace }: ObservabilitySettings,
  name: string,
  marks: Readonly<Record<string, string>>,
) {
  return { name, namespace, labels: { [LABELS.partOf]: PLATFORM, ...marks } };
}

export function addDashboards(scope: Construct, settings: ObservabilitySettings): void {
  for (const [name, dashboard] of Object.entries(DASHBOARDS)) {
    new KubeConfigMap(scope, `dashboard-${name}`, {
      metadata: metadata(settings, `mcp-runtime-dashboard-${name}`, { grafana_dashboard: '1' }),
      data: { [`mcp-runtime-${name}.json`]: `${JSON.stringify(dashboard, undefined, 2)}\n` },
    });
  }
}

export function addDatasource(scope: Construct, settings: ObservabilitySettings, url: string): void {
  const datasource = {
    name: 'MCP Runtime Prometheus',
    uid: 'mcp-runtime-prometheus',
    type: 'prometheus',
    access: 'proxy',
    url,
  };
  new KubeConfigMap(scope, 'datasource', {
    metadata: metadata(settings, 'mcp-runtime-datasource', { grafana_datasource: '1' }),
    data: { 'mcp-runtime.yaml': stringify({ apiVersion: 1, datasources: [datasource] }) },
  });
}
