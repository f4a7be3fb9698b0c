// How servers are used, what is decided about their calls, and whether that is recorded.
import { dashboard, labelVariable, panel } from './panels.ts';

const OF = 'namespace=~"$namespace", server=~"$server"';

export function serversDashboard() {
  return dashboard('mcp-runtime-servers', 'MCP servers', 'Calls, decisions and audit of MCP servers.')
    .withVariable(
      labelVariable('namespace', 'Namespace', 'label_values(mcp_gateway_requests_total, namespace)'),
    )
    .withVariable(
      labelVariable(
        'server',
        'Server',
        'label_values(mcp_gateway_requests_total{namespace=~"$namespace"}, server)',
      ),
    )
    .withPanel(
      panel({
        title: 'Requests by decision',
        description: 'Requests on the MCP path, a second.',
        queries: {
          '{{decision}}': `sum by (decision) (rate(mcp_gateway_requests_total{${OF}}[$__rate_interval]))`,
        },
        unit: 'reqps',
      }),
    )
    .withPanel(
      panel({
        title: 'Denials by reason',
        description: 'Why calls were denied or refused, a second.',
        queries: {
          '{{reason}}': `sum by (reason) (rate(mcp_gateway_policy_decisions_total{${OF}, decision!="allow"}[$__rate_interval]))`,
        },
        unit: 'reqps',
      }),
    )
    .withPanel(
      panel({
        title: 'Tool calls: time',
        description: 'From the head of a request to the end of its answer.',
        queries: Object.fromEntries(
          ['0.5', '0.99'].map((quantile) => [
            `p${Number(quantile) * 100}`,
            `histogram_quantile(${quantile}, sum by (le) (rate(mcp_gateway_request_duration_seconds_bucket{${OF}, rpc_method="tools/call"}[$__rate_interval])))`,
          ]),
        ),
        unit: 's',
      }),
    )
    .withPanel(
      panel({
        title: 'Answers by status',
        description: 'HTTP status of the answers, a second.',
        queries: {
          '{{status}}': `sum by (status) (rate(mcp_gateway_requests_total{${OF}}[$__rate_interval]))`,
        },
        unit: 'reqps',
      }),
    )
    .withPanel(
      panel({
        title: 'In progress',
        description: 'Requests that are not answered yet, streams among them.',
        queries: { '{{server}}': `sum by (server) (mcp_gateway_inflight_requests{${OF}})` },
      }),
    )
    .withPanel(
      panel({
        title: 'Policy: unconfirmed for',
        description: 'How long nobody has confirmed that the policy in force is current.',
        queries: { '{{server}}': `max by (server) (mcp_gateway_policy_unconfirmed_seconds{${OF}})` },
        unit: 's',
      }),
    )
    .withPanel(
      panel({
        title: 'Audit events',
        description: 'Recorded, delivered, refused and lost, a second.',
        queries: {
          '{{result}}': `sum by (result) (rate(mcp_gateway_audit_events_total{${OF}}[$__rate_interval]))`,
        },
        unit: 'cps',
      }),
    )
    .withPanel(
      panel({
        title: 'Audit events that wait',
        description: 'Bytes on the volumes of proxies.',
        queries: { '{{server}}': `sum by (server) (mcp_gateway_audit_spool_bytes{${OF}})` },
        unit: 'bytes',
      }),
    )
    .build();
}
