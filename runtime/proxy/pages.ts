// Health, readiness and status, on both listeners; metrics on the side one alone. Never the policy itself.
import { PROXY_PATHS } from '#api/proxy-config.ts';
import { jsonPage, metricsPage, textPage, type Page, type Pages } from '#runtime/process/http.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { Registry } from '#runtime/process/metrics.ts';
import type { AuditDelivery } from './audit/delivery.ts';
import { UNCONFIRMED_WARNING_MS, type PolicySource } from './policy/policy-source.ts';
import type { StreamsState } from './policy/policy-streams.ts';
import type { UpstreamProbe } from './upstream/upstream-probe.ts';

export interface PagesOptions {
  readonly clock: Clock;
  readonly policy: PolicySource;
  /** Undefined where no distributor is configured. */
  readonly streams: () => StreamsState | undefined;
  readonly audit: AuditDelivery | undefined;
  readonly upstream: UpstreamProbe;
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

/** What keeps this proxy from serving calls; undefined where nothing does. */
async function hindrance({ policy, upstream, isDraining }: PagesOptions): Promise<string | undefined> {
  if (isDraining()) return 'draining';
  if (policy.current === undefined) return 'policy_not_loaded';
  return (await upstream()) ? undefined : 'upstream_unavailable';
}

async function readyPage(options: PagesOptions): Promise<Page> {
  const { policy, audit } = options;
  const reason = await hindrance(options);
  if (reason === undefined) {
    return jsonPage(200, { status: 'ready', audit: audit === undefined ? 'off' : 'on' });
  }
  return jsonPage(503, { status: 'not_ready', reason, last_reload_error: policy.lastError });
}

async function statusPage(options: PagesOptions): Promise<Page> {
  const { policy, audit } = options;
  const { current } = policy;
  const document = current?.document;
  return jsonPage(200, {
    ready: (await hindrance(options)) === undefined,
    schema_version: document?.schema,
    revision: document?.revision,
    inputs: document?.inputs,
    epoch: document?.epoch,
    source: policy.origin,
    loaded_at: current === undefined ? undefined : instant(current.loadedAtMs),
    ...confirmation(options),
    last_reload_error: policy.lastError ?? null,
    ...streamStatus(options),
    audit: audit === undefined ? 'off' : 'on',
    audit_last_delivered_at:
      audit?.lastDeliveredMs === undefined ? undefined : instant(audit.lastDeliveredMs),
  });
}

/** When somebody last said that the policy in force is current, and what follows where that is long ago. */
function confirmation({ policy, clock }: PagesOptions): object {
  const document = policy.current?.document;
  if (document === undefined) return {};
  const unconfirmedMs = policy.unconfirmedMs(clock.monotonicMs());
  const seconds = Math.round(unconfirmedMs / 1000);
  const limit = document.policy.maxStalenessSeconds;
  const effect = policy.isStale(clock.monotonicMs(), document)
    ? 'so every call is denied'
    : `after ${limit} s every call is denied`;
  return {
    confirmed_at: instant(clock.nowMs() - unconfirmedMs),
    warning:
      unconfirmedMs < UNCONFIRMED_WARNING_MS
        ? undefined
        : `Nobody has confirmed this policy for ${seconds} s; ${effect}. Look whether distributors run and can be reached.`,
  };
}

function streamStatus({ streams }: PagesOptions): object {
  const state = streams();
  if (state === undefined) return {};
  const { known, connected, lastError } = state;
  return { distributors: { known, connected, last_error: lastError ?? null } };
}

function instant(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
