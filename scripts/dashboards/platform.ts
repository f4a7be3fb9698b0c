// Whether operator, distributors and sentinel do their work.
import { dashboard, panel } from './panels.ts';

export function platformDashboard() {
  return dashboard('mcp-runtime-platform', 'MCP platform', 'Operator, distributors and sentinel.')
    .withPanel(
      panel({
        title: 'Reconciles by result',
        description: 'done, again (looked at later), retry (failed), a second.',
        queries: {
          '{{controller}} {{result}}':
            'sum by (controller, result) (rate(mcp_operator_reconciles_total[$__rate_interval]))',
        },
        unit: 'cps',
      }),
    )
    .withPanel(
      panel({
        title: 'Objects that wait or fail',
        description: 'By controller.',
        queries: {
          '{{controller}} waiting': 'max by (controller) (mcp_operator_queue_depth)',
          '{{controller}} failing': 'max by (controller) (mcp_operator_failing_objects)',
        },
      }),
    )
    .withPanel(
      panel({
        title: 'API server as the operator sees it',
        description: 'Time of 99 of 100 requests, by verb.',
        queries: {
          '{{verb}}':
            'histogram_quantile(0.99, sum by (verb, le) (rate(mcp_operator_api_request_duration_seconds_bucket[$__rate_interval])))',
        },
        unit: 's',
      }),
    )
    .withPanel(
      panel({
        title: 'Writes by the operator',
        description:
          'Children that were created, changed or removed, a second. Without changes there are none.',
        queries: {
          '{{kind}} {{result}}':
            'sum by (kind, result) (rate(mcp_operator_applies_total{result!="unchanged"}[$__rate_interval]))',
        },
        unit: 'cps',
      }),
    )
    .withPanel(
      panel({
        title: 'Streams of proxies',
        description: 'Open at the distributors, and those that enforce another policy than the current one.',
        queries: {
          open: 'sum(mcp_distributor_streams)',
          behind: 'sum(mcp_distributor_streams_behind)',
        },
      }),
    )
    .withPanel(
      panel({
        title: 'Streams that were not let in',
        description: 'By reason, a second.',
        queries: {
          '{{reason}}': 'sum by (reason) (rate(mcp_distributor_entries_refused_total[$__rate_interval]))',
        },
        unit: 'cps',
      }),
    )
    .withPanel(
      panel({
        title: 'Events: accepted and stored',
        description: 'A second.',
        queries: {
          accepted: 'sum(rate(mcp_sentinel_events_accepted_total[$__rate_interval]))',
          stored: 'sum(rate(mcp_sentinel_events_written_total[$__rate_interval]))',
        },
        unit: 'cps',
      }),
    )
    .withPanel(
      panel({
        title: 'Events that wait to be stored',
        description: 'In the log of the sentinel.',
        queries: { events: 'max(mcp_sentinel_stream_pending_events)' },
      }),
    )
    .build();
}
