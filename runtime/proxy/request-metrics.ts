// Counters of requests. Labels are few and their values known beforehand: nothing that a caller sends, and nobody's
// name, becomes one. On the hot path this is one map lookup and a few additions; printing happens at the scrape.
import { REASONS, type EdgeReason } from '#api/reasons.ts';
import { Buckets, sampledCounter, sampledHistogram, type Registry } from '#runtime/process/metrics.ts';
import type { Exchange } from './exchange.ts';
import type { Ending } from './stages/stage.ts';

const BOUNDS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

export const HTTP_METHODS: ReadonlySet<string> = new Set([
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'HEAD',
  'OPTIONS',
]);
export const RPC_METHODS: ReadonlySet<string> = new Set([
  'completion/complete',
  'initialize',
  'logging/setLevel',
  'notifications/cancelled',
  'notifications/initialized',
  'notifications/progress',
  'notifications/roots/list_changed',
  'ping',
  'prompts/get',
  'prompts/list',
  'resources/list',
  'resources/read',
  'resources/subscribe',
  'resources/templates/list',
  'resources/unsubscribe',
  'server/discover',
  'subscriptions/listen',
  'tools/call',
  'tools/list',
]);

const OWN_STATUSES = Object.values(REASONS).map(({ httpStatus }) => httpStatus);
/** Statuses that are a label as they are: those of the proxy, and those that servers of MCP have a use for. */
const STATUSES = new Set([...OWN_STATUSES, 0, 202, 204, 404, 409, 410, 422, 500, 501]);

interface Series {
  readonly labels: Readonly<Record<string, string>>;
  readonly reason: string;
  readonly buckets: Buckets;
  requests: number;
  bytesIn: number;
  bytesOut: number;
}

interface LastSeen extends Pick<Ending, 'status' | 'decision' | 'reason'> {
  readonly sentMethod: string;
  readonly sentRpcMethod: string | undefined;
  readonly series: Series;
}

export class RequestMetrics {
  /** By method, rpc method, decision, status and reason: all of them words known beforehand, few of which meet. */
  private readonly series = new Map<string, Series>();
  private last: LastSeen | undefined;

  private readonly refused = new Map<EdgeReason, number>();

  observe(exchange: Exchange, ending: Ending, durationMs: number): void {
    const series = this.seriesOf(exchange.httpMethod, exchange.message?.method, ending);
    series.requests += 1;
    series.bytesIn += exchange.bytesIn;
    series.bytesOut += exchange.bytesOut;
    series.buckets.observe(durationMs / 1000);
  }

  /** Most requests are like the one before, and to see that costs a fifth of looking up what they are like. */
  private seriesOf(sentMethod: string, sentRpcMethod: string | undefined, ending: Ending): Series {
    const { last } = this;
    const { status, decision, reason } = ending;
    if (
      last?.sentMethod === sentMethod &&
      last.sentRpcMethod === sentRpcMethod &&
      last.status === status &&
      last.decision === decision &&
      last.reason === reason
    ) {
      return last.series;
    }
    const series = this.find(sentMethod, sentRpcMethod, ending);
    this.last = { sentMethod, sentRpcMethod, status, decision, reason, series };
    return series;
  }

  private find(sentMethod: string, sentRpcMethod: string | undefined, ending: Ending): Series {
    const method = HTTP_METHODS.has(sentMethod) ? sentMethod : 'OTHER';
    const rpcMethod = rpcLabel(sentRpcMethod);
    const status = statusLabel(ending.status);
    const { decision } = ending;
    const key = `${method} ${rpcMethod} ${decision} ${status} ${ending.reason}`;
    const known = this.series.get(key);
    if (known !== undefined) return known;
    const labels = { method, rpc_method: rpcMethod, decision, status };
    const reason = Object.hasOwn(REASONS, ending.reason) ? ending.reason : 'other';
    const series = { labels, reason, buckets: new Buckets(BOUNDS_S), requests: 0, bytesIn: 0, bytesOut: 0 };
    this.series.set(key, series);
    return series;
  }

  connectionRefused(reason: EdgeReason): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
  }

  register(registry: Registry): void {
    const labelNames = ['method', 'rpc_method', 'decision', 'status'];
    const counter = (name: string, help: string, valueOf: (series: Series) => number): void => {
      const read = () => this.list().map((series) => ({ labels: series.labels, value: valueOf(series) }));
      sampledCounter({ name, help, registry, labelNames, read });
    };
    counter('mcp_gateway_requests_total', 'Requests on the MCP path.', ({ requests }) => requests);
    counter('mcp_gateway_request_bytes_total', 'Bytes of request bodies.', ({ bytesIn }) => bytesIn);
    counter('mcp_gateway_response_bytes_total', 'Bytes of answers.', ({ bytesOut }) => bytesOut);
    sampledCounter({
      name: 'mcp_gateway_policy_decisions_total',
      help: 'Decisions and refusals, by reason.',
      registry,
      labelNames: ['decision', 'reason', 'rpc_method'],
      read: () =>
        this.list().map(({ labels, reason, requests }) => ({
          labels: { decision: labels['decision'] ?? '', reason, rpc_method: labels['rpc_method'] ?? '' },
          value: requests,
        })),
    });
    sampledCounter({
      name: 'mcp_gateway_refused_connections_total',
      help: 'Connections that were closed because their bytes are no request.',
      registry,
      labelNames: ['reason'],
      read: () => [...this.refused].map(([reason, value]) => ({ labels: { reason }, value })),
    });
    sampledHistogram({
      name: 'mcp_gateway_request_duration_seconds',
      help: 'Seconds from the head of a request to the end of its answer.',
      registry,
      labelNames,
      bounds: BOUNDS_S,
      read: () => this.merged(),
    });
  }

  private list(): Series[] {
    return [...this.series.values()];
  }

  /** One histogram per set of labels: series that differ by reason alone are added up. */
  private merged(): { labels: Series['labels']; buckets: Buckets }[] {
    const merged = new Map<string, { labels: Series['labels']; buckets: Buckets }>();
    for (const { labels, buckets } of this.series.values()) {
      const key = Object.values(labels).join(' ');
      const known = merged.get(key) ?? { labels, buckets: new Buckets(BOUNDS_S) };
      known.buckets.add(buckets);
      merged.set(key, known);
    }
    return [...merged.values()];
  }
}

/** A server may choose among hundreds; the rest are told by their first digit. */
function statusLabel(status: number): string {
  return STATUSES.has(status) ? String(status) : `${Math.floor(status / 100)}xx`;
}

function rpcLabel(method: string | undefined): string {
  if (method === undefined) return 'none';
  return RPC_METHODS.has(method) ? method : 'other';
}
