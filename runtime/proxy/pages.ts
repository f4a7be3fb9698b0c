// Health, readiness and status, on both listeners; metrics on the side one alone. Never the policy itself.
import { PROXY_PATHS } from '#api/proxy-config.ts';
import { jsonPage, metricsPage, textPage, type Page, type Pages } from '#runtime/process/http.ts';
import type { Registry } from '#runtime/process/metrics.ts';
import type { AuditDelivery } from './audit/delivery.ts';
import type { PolicySource } from './policy/policy-source.ts';

export interface PagesOptions {
  readonly policy: PolicySource;
  readonly audit: AuditDelivery | undefined;
  readonly registry: Registry;
  readonly isDraining: () => boolean;
}

export function createPages(options: PagesOptions): { readonly main: Pages; readonly metrics: Pages } {
  const main: Pages = {
    [PROXY_PATHS.health]: () => textPage(200, 'ok'),
    [PROXY_PATHS.ready]: () => readyPage(options),
    [PROXY_PATHS.configStatus]: () => statusPage(options),
  };
  return { main, metrics: { ...main, [PROXY_PATHS.metrics]: metricsPage(options.registry) } };
}

function readyPage({ policy, audit, isDraining }: PagesOptions): Page {
  if (policy.current !== undefined && !isDraining()) {
    return jsonPage(200, { status: 'ready', audit: audit === undefined ? 'off' : 'on' });
  }
  const reason = isDraining() ? 'draining' : 'policy_not_loaded';
  return jsonPage(503, { status: 'not_ready', reason, last_reload_error: policy.lastError });
}

function statusPage({ policy, audit, isDraining }: PagesOptions): Page {
  const { current } = policy;
  const document = current?.document;
  return jsonPage(200, {
    ready: current !== undefined && !isDraining(),
    schema_version: document?.schema,
    revision: document?.revision,
    inputs: document?.inputs,
    epoch: document?.epoch,
    loaded_at: current === undefined ? undefined : new Date(current.loadedAtMs).toISOString(),
    last_reload_error: policy.lastError ?? null,
    audit: audit === undefined ? 'off' : 'on',
    audit_last_delivered_at:
      audit?.lastDeliveredMs === undefined ? undefined : new Date(audit.lastDeliveredMs).toISOString(),
  });
}
