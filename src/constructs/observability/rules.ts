// When somebody has to look. Each alert says what is wrong, what it means, and what to do first; each names metrics that
// the programs have, which a test compares.

export interface AlertRule {
  readonly alert: string;
  readonly expr: string;
  /** How long it has to hold, a Prometheus duration; none: at once. */
  readonly for?: string;
  readonly severity: 'critical' | 'warning';
  readonly summary: string;
  readonly description: string;
}

export interface RuleGroup {
  readonly name: string;
  readonly rules: readonly AlertRule[];
}

const SERVER = '{{ $labels.namespace }}/{{ $labels.server }}';

const servers: RuleGroup = {
  name: 'mcp-servers',
  rules: [
    {
      alert: 'McpServerFailing',
      expr: 'sum by (namespace, server) (rate(mcp_gateway_requests_total{status=~"5.*"}[5m])) / sum by (namespace, server) (rate(mcp_gateway_requests_total[5m])) > 0.05',
      for: '10m',
      severity: 'warning',
      summary: `More than 5 % of the calls of ${SERVER} fail.`,
      description:
        'The server or its proxy answers with 5xx. Read the logs of its pods; kubectl describe mcpserver says what is not ready.',
    },
    {
      alert: 'McpServerSlow',
      expr: 'histogram_quantile(0.99, sum by (namespace, server, le) (rate(mcp_gateway_request_duration_seconds_bucket{rpc_method="tools/call"}[5m]))) > 10',
      for: '15m',
      severity: 'warning',
      summary: `One in a hundred tool calls of ${SERVER} takes longer than 10 s.`,
      description: 'Look at the CPU of its pods, and at what the server waits for.',
    },
    {
      alert: 'McpPolicyUnconfirmed',
      expr: 'max by (namespace, server) (mcp_gateway_policy_unconfirmed_seconds) > 300',
      severity: 'warning',
      summary: `Nobody has told a proxy of ${SERVER} for five minutes that its policy is current.`,
      description:
        'Revocations reach it late, and past policy.maxStaleness it denies everything. Look at the distributors: kubectl get pods -n mcp-runtime.',
    },
    {
      alert: 'McpNoDistributor',
      expr: 'max by (namespace, server) (mcp_gateway_policy_distributors{state="connected"}) == 0',
      for: '5m',
      severity: 'critical',
      summary: `Proxies of ${SERVER} reach no distributor.`,
      description:
        'A revocation reaches them by their ConfigMap alone. Look at the distributors and at the NetworkPolicies between.',
    },
    {
      alert: 'McpPolicyRefused',
      expr: 'sum by (namespace, server) (increase(mcp_gateway_policy_reloads_total{result="error"}[10m])) > 0',
      severity: 'warning',
      summary: `A proxy of ${SERVER} refuses a policy.`,
      description:
        'It goes on with the one that it has. Its log says why; mostly it is older than the platform.',
    },
    {
      alert: 'McpAuditEventsLost',
      expr: 'sum by (namespace, server) (increase(mcp_gateway_audit_events_total{result="lost"}[10m])) > 0',
      severity: 'critical',
      summary: `Audit events of ${SERVER} are lost.`,
      description: 'Its spool is full: ingest was away for too long, or refuses. Look at the sentinel.',
    },
    {
      alert: 'McpAuditEventsRefused',
      expr: 'sum by (namespace, server) (increase(mcp_gateway_audit_events_total{result="refused"}[10m])) > 0',
      severity: 'warning',
      summary: `Ingest refuses audit events of ${SERVER} for good.`,
      description: 'They are set aside on the volume of the pod. The log of the proxy says why.',
    },
    {
      alert: 'McpAuditNotDelivered',
      expr: 'max by (namespace, server) (mcp_gateway_audit_spool_bytes) > 50e6 and on (namespace, server) sum by (namespace, server) (increase(mcp_gateway_audit_failed_deliveries_total[10m])) > 0',
      for: '10m',
      severity: 'warning',
      summary: `Audit events of ${SERVER} wait on disk and can't be delivered.`,
      description:
        'Past the bound of the spool, destructive calls are denied. Look at the sentinel and at the NetworkPolicies between.',
    },
  ],
};

const platform: RuleGroup = {
  name: 'mcp-platform',
  rules: [
    {
      alert: 'McpOperatorNoLeader',
      expr: '(sum(mcp_operator_leader) or vector(0)) != 1',
      for: '5m',
      severity: 'critical',
      summary: 'No operator works, or more than one says that it does.',
      description: 'Servers, grants and sessions are not made true. kubectl get lease,pods -n mcp-runtime.',
    },
    {
      alert: 'McpObjectsFailing',
      expr: 'max by (controller) (mcp_operator_failing_objects) > 0',
      for: '15m',
      severity: 'warning',
      summary: '{{ $value }} objects of the controller {{ $labels.controller }} fail again and again.',
      description: 'Their status says why: kubectl get mcpservers,mcpaccessgrants,mcpagentsessions -A.',
    },
    {
      alert: 'McpOperatorBehind',
      expr: 'max by (controller) (mcp_operator_queue_depth) > 100',
      for: '15m',
      severity: 'warning',
      summary: '{{ $value }} objects wait for the controller {{ $labels.controller }}.',
      description:
        'The operator is too slow or the API server is. Compare mcp_operator_api_request_duration_seconds.',
    },
    {
      alert: 'McpPolicyLagging',
      expr: 'max(mcp_distributor_streams_behind) > 0',
      for: '2m',
      severity: 'critical',
      summary: '{{ $value }} proxies enforce another policy than the current one.',
      description: 'What was revoked may still be allowed there. PolicySynced of the servers says which.',
    },
    {
      alert: 'McpDistributorCertificateEnds',
      expr: 'min(mcp_distributor_certificate_ends_seconds) - time() < 5 * 86400',
      severity: 'warning',
      summary: 'The certificate of the distributors ends within five days.',
      description: 'The operator replaces it ten days before; look at the logs of the operator.',
    },
    {
      alert: 'McpServerReachablePastProxy',
      expr: 'sum(increase(mcp_distributor_isolation_probes_total{result="reachable"}[10m])) > 0',
      severity: 'critical',
      summary: 'A server can be reached past its proxy.',
      description:
        'Nothing is enforced on that way: the network plugin enforces no NetworkPolicies, or one opens the port. Isolated=False says which server.',
    },
  ],
};

const sentinel: RuleGroup = {
  name: 'mcp-sentinel',
  rules: [
    {
      alert: 'McpSentinelStoreDown',
      expr: 'min(mcp_sentinel_store_up) == 0',
      for: '5m',
      severity: 'critical',
      summary: 'The store of the sentinel takes no events.',
      description: 'They wait in its log, which is bounded. Read the log of the pod in mcp-sentinel.',
    },
    {
      alert: 'McpSentinelEventsLost',
      expr: 'sum(increase(mcp_sentinel_events_lost_total[10m])) > 0',
      severity: 'critical',
      summary: 'The log of the sentinel is damaged, and acknowledged events are gone.',
      description: 'Look at the volume. What was before and after it is intact.',
    },
    {
      alert: 'McpSentinelBehind',
      expr: 'max(mcp_sentinel_stream_pending_events) > 100000',
      for: '15m',
      severity: 'warning',
      summary: '{{ $value }} events wait to be stored.',
      description: 'The console shows them late. Give the sentinel more CPU, or look at what queries it.',
    },
    {
      alert: 'McpSentinelLogFilling',
      expr: 'max(mcp_sentinel_stream_bytes) > 1.7e9',
      for: '15m',
      severity: 'critical',
      summary: 'The log of the sentinel is close to its bound.',
      description: 'Past it events are refused and wait at the proxies. The store is away or too slow.',
    },
    {
      alert: 'McpSentinelBackupOverdue',
      expr: 'max((time() - mcp_sentinel_backup_last_success_timestamp_seconds > 2 * mcp_sentinel_backup_interval_seconds) and (mcp_sentinel_backup_interval_seconds > 0)) > 0',
      for: '15m',
      severity: 'warning',
      summary: 'No backup of the sentinel has succeeded for twice the time that there should be between two.',
      description:
        'A loss of its volume would lose the events since. /health of the sentinel says why the last one failed; mostly the volume of backups is full.',
    },
  ],
};

export const RULE_GROUPS: readonly RuleGroup[] = [servers, platform, sentinel];

/** The groups as Prometheus reads them, from a file or from a PrometheusRule. */
export function ruleGroups(): readonly object[] {
  return RULE_GROUPS.map(({ name, rules }) => ({
    name,
    rules: rules.map(({ alert, expr, for: holds, severity, summary, description }) => ({
      alert,
      expr,
      ...(holds !== undefined && { for: holds }),
      labels: { severity },
      annotations: { summary, description },
    })),
  }));
}
