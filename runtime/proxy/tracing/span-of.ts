// An exchange as a span, in the words of OpenTelemetry's conventions for MCP and HTTP. Words of callers are in it only
// where they are words that everybody knows; identities, arguments, ids and addresses are in none.
import { SpanKind, SpanStatusCode, TraceFlags, type Attributes, type HrTime } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { REASONS } from '#api/reasons.ts';
import type { Exchange } from '../exchange.ts';
import { HTTP_METHODS, RPC_METHODS } from '../request-metrics.ts';
import type { Ending } from '../stages/stage.ts';

export interface SpanTimes {
  /** Epoch milliseconds. */
  readonly endMs: number;
  readonly durationMs: number;
}

const SCOPE = { name: 'mcp-runtime/proxy' };
/** What the conventions say where a word is not a known one. */
const OTHER = '_OTHER';
const REVISION = /^\d{4}-\d{2}-\d{2}$/;

export function spanOf(
  exchange: Exchange,
  ending: Ending,
  times: SpanTimes,
  resource: Resource,
): ReadableSpan {
  const { traceId, spanId, traceParent } = exchange;
  const traceFlags = exchange.sampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  const parentSpanContext =
    traceParent === undefined
      ? undefined
      : { traceId, spanId: traceParent.spanId, traceFlags, isRemote: true };
  return {
    name: nameOf(exchange),
    kind: SpanKind.SERVER,
    spanContext: () => ({ traceId, spanId, traceFlags }),
    ...(parentSpanContext !== undefined && { parentSpanContext }),
    startTime: hrTime(times.endMs - times.durationMs),
    endTime: hrTime(times.endMs),
    duration: hrTime(times.durationMs),
    ended: true,
    status: { code: isFailure(ending) ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
    attributes: present({
      ...httpAttributes(exchange, ending),
      ...mcpAttributes(exchange),
      ...ownAttributes(exchange, ending),
    }),
    links: [],
    events: [],
    resource,
    instrumentationScope: SCOPE,
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

/** An attribute without a value would be sent as one. */
function present(attributes: Attributes): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));
}

/** The method and the tool, as far as they are known words. */
function nameOf(exchange: Exchange): string {
  const method = knownMethod(exchange);
  const tool = declaredTool(exchange);
  if (method === undefined) return httpMethod(exchange);
  return tool === undefined ? method : `${method} ${tool}`;
}

function httpAttributes(exchange: Exchange, { status }: Ending): Attributes {
  const { snapshot } = exchange;
  const tellsPath = snapshot !== undefined && snapshot.document.audit.redact?.includes('path') !== true;
  return {
    'http.request.method': httpMethod(exchange),
    'http.response.status_code': status === 0 ? undefined : status,
    'network.protocol.name': 'http',
    'network.protocol.version': '1.1',
    'url.scheme': 'http',
    'url.path': tellsPath ? exchange.path : undefined,
  };
}

function mcpAttributes(exchange: Exchange): Attributes {
  const tool = declaredTool(exchange);
  const version = exchange.head?.protocolVersion ?? exchange.message?.protocolVersion;
  return {
    'mcp.method.name': knownMethod(exchange),
    'mcp.protocol.version': version !== undefined && REVISION.test(version) ? version : undefined,
    'gen_ai.operation.name': tool === undefined ? undefined : 'execute_tool',
    'gen_ai.tool.name': tool,
  };
}

function ownAttributes(exchange: Exchange, ending: Ending): Attributes {
  const { forwardedMs, answeredMs, snapshot } = exchange;
  const upstreamMs =
    forwardedMs === undefined || answeredMs === undefined ? undefined : answeredMs - forwardedMs;
  return {
    'error.type': ending.reason === 'allowed' ? undefined : ending.reason,
    'mcp_runtime.decision': ending.decision,
    'mcp_runtime.reason': ending.reason,
    'mcp_runtime.outcome': ending.outcome,
    'mcp_runtime.policy_revision': snapshot?.document.revision,
    'mcp_runtime.event_id': exchange.id,
    'mcp_runtime.upstream_ms': upstreamMs,
  };
}

function httpMethod({ httpMethod: method }: Exchange): string {
  return HTTP_METHODS.has(method) ? method : OTHER;
}

function knownMethod({ message }: Exchange): string | undefined {
  if (message?.method === undefined) return undefined;
  return RPC_METHODS.has(message.method) ? message.method : OTHER;
}

/** A name that the server declares; any other is a text of the caller. */
function declaredTool({ tool, snapshot }: Exchange): string | undefined {
  return tool !== undefined && snapshot?.index.tools.has(tool) === true ? tool : undefined;
}

/** What somebody has to mend; a denial is the caller's business. */
function isFailure({ status, reason }: Ending): boolean {
  return status >= 500 || REASONS[reason].httpStatus >= 500;
}

function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}
