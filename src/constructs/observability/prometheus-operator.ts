// What a Prometheus of the Prometheus Operator is told, in its own kinds. They lie beside what they are about, because
// a Secret that a monitor names has to be in its namespace.
import { ApiObject } from 'cdk8s';
import { LABELS, PLATFORM } from '#api/labels.ts';
import { NAMESPACES } from '#api/names.ts';
import type { Construct } from 'constructs';
import type { ObservabilitySettings } from './observability-settings.ts';
import { ruleGroups } from './rules.ts';
import { TARGETS, type Target } from './targets.ts';

const API_VERSION = 'monitoring.coreos.com/v1';

function metadata({ labels }: ObservabilitySettings, name: string, namespace: string) {
  return { name, namespace, labels: { [LABELS.partOf]: PLATFORM, ...labels } };
}

function endpoint({ interval, sentinelToken }: ObservabilitySettings, target: Target) {
  const { port, path, needsToken } = target;
  const credentials = { name: sentinelToken.secretName, key: sentinelToken.key };
  return {
    port,
    path,
    interval,
    // Proxies say themselves whose they are.
    honorLabels: target.namespace === undefined ? true : undefined,
    authorization: needsToken ? { type: 'Bearer', credentials } : undefined,
  };
}

/** By pods, whether or not a Service is in front of them: each is scraped for itself. */
function addPodMonitor(scope: Construct, settings: ObservabilitySettings, target: Target): void {
  const { name, namespace, labels } = target;
  const at = namespace ?? NAMESPACES.platform;
  new ApiObject(scope, name, {
    apiVersion: API_VERSION,
    kind: 'PodMonitor',
    metadata: metadata(settings, name, at),
    spec: {
      selector: { matchLabels: { ...labels } },
      namespaceSelector: namespace === undefined ? { any: true } : { matchNames: [namespace] },
      podMetricsEndpoints: [endpoint(settings, target)],
    },
  });
}

export function addPrometheusOperatorObjects(scope: Construct, settings: ObservabilitySettings): void {
  for (const target of TARGETS) addPodMonitor(scope, settings, target);
  new ApiObject(scope, 'rules', {
    apiVersion: API_VERSION,
    kind: 'PrometheusRule',
    metadata: metadata(settings, 'mcp-runtime', NAMESPACES.platform),
    spec: { groups: ruleGroups() },
  });
}
