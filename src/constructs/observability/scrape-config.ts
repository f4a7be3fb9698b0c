// What a plain Prometheus is told, as two files in a ConfigMap: what to scrape (scrape_config_files) and when to alert
// (rule_files).
import { stringify } from 'yaml';
import { LABELS, PLATFORM } from '#api/labels.ts';
import { KubeConfigMap } from '#constructs/kit/kubernetes.ts';
import type { Construct } from 'constructs';
import type { ObservabilitySettings } from './observability-settings.ts';
import { ruleGroups } from './rules.ts';
import { TARGETS, type Target } from './targets.ts';

export const PROMETHEUS_FILES = { scrape: 'scrape.yaml', rules: 'rules.yaml' } as const;

/** Where the token of the sentinel has to be mounted into Prometheus. */
export const TOKEN_FILE = '/etc/prometheus/secrets/mcp-sentinel-api/token';

/** `app.kubernetes.io/name` is `app_kubernetes_io_name` in a meta label. */
const metaLabel = (name: string) => `__meta_kubernetes_pod_label_${name.replace(/[^A-Za-z0-9_]/g, '_')}`;

function keep(label: string, value: string) {
  return { source_labels: [label], regex: value, action: 'keep' };
}

function scrapeJob({ interval }: ObservabilitySettings, target: Target) {
  const { name, namespace, labels, port, path, needsToken } = target;
  return {
    job_name: name,
    scrape_interval: interval,
    metrics_path: path,
    honor_labels: namespace === undefined,
    ...(needsToken && { authorization: { type: 'Bearer', credentials_file: TOKEN_FILE } }),
    kubernetes_sd_configs: [
      { role: 'pod', ...(namespace !== undefined && { namespaces: { names: [namespace] } }) },
    ],
    relabel_configs: [
      ...Object.entries(labels).map(([label, value]) => keep(metaLabel(label), value)),
      keep('__meta_kubernetes_pod_container_port_name', port),
      { source_labels: ['__meta_kubernetes_namespace'], target_label: 'namespace' },
      { source_labels: ['__meta_kubernetes_pod_name'], target_label: 'pod' },
    ],
  };
}

export function addPrometheusFiles(scope: Construct, settings: ObservabilitySettings): void {
  const scrapeConfigs = TARGETS.map((target) => scrapeJob(settings, target));
  const options = { lineWidth: 0 };
  new KubeConfigMap(scope, 'prometheus', {
    metadata: {
      name: 'mcp-runtime-prometheus',
      namespace: settings.namespace,
      labels: { [LABELS.partOf]: PLATFORM },
    },
    data: {
      [PROMETHEUS_FILES.scrape]: stringify({ scrape_configs: scrapeConfigs }, options),
      [PROMETHEUS_FILES.rules]: stringify({ groups: ruleGroups() }, options),
    },
  });
}
