// Traces: the caller's is continued towards the server, in the denial and in the record, and its spans are exported where
// somebody collects them.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Collector, type ReceivedSpan } from './harness/collector.ts';
import { USER_1, policyContent } from './harness/policy.ts';
import { World } from './harness/world.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const traceparent = (flags = '01') => `00-${TRACE}-${PARENT}-${flags}`;

let world: World;
afterEach(() => world.close());

/** What the server behind was told of the trace by the newest request. */
function told(): { readonly traceparent: string; readonly tracestate: string | undefined } {
  const headers = world.received.at(-1)?.headers;
  return { traceparent: String(headers?.['traceparent']), tracestate: headers?.['tracestate']?.toString() };
}

describe('the trace of a caller', () => {
  it.each(['00', '01'])('is continued with a span of the proxy, and its flag %s', async (flags) => {
    world = await World.start();
    const headers = { ...USER_1, traceparent: traceparent(flags), tracestate: 'a=1,b=2' };
    await world.call('read_note', headers);
    await world.audit(1);
    const [event] = world.ingest.events;
    expect(told()).toEqual({
      traceparent: `00-${TRACE}-${event?.id.slice(0, 16)}-${flags}`,
      tracestate: 'a=1,b=2',
    });
    expect(event?.trace_id).toBe(TRACE);
    const denied = await world.call('add_note', headers);
    expect(denied.json.error?.data?.['traceId']).toBe(TRACE);
  });

  it.each<[string, Readonly<Record<string, string>>]>([
    ['none', {}],
    ['a malformed one', { traceparent: 'nonsense' }],
    ['one of zeros', { traceparent: `00-${'0'.repeat(32)}-${PARENT}-01` }],
  ])('is replaced by one of our own, where it is %s, without its state', async (_what, given) => {
    world = await World.start();
    await world.call('read_note', { ...USER_1, ...given, tracestate: 'a=1' });
    await world.audit(1);
    const [event] = world.ingest.events;
    expect(event?.trace_id).toBe(event?.id);
    expect(told()).toEqual({
      traceparent: `00-${event?.id}-${event?.id.slice(0, 16)}-00`,
      tracestate: undefined,
    });
  });

  it('has a state that is passed on within bounds only', async () => {
    world = await World.start();
    const headers = { ...USER_1, traceparent: traceparent() };
    await world.call('read_note', { ...headers, tracestate: `a=${'x'.repeat(600)}` });
    expect(told().tracestate).toBeUndefined();
  });
});

describe('spans', () => {
  let collector: Collector;
  beforeEach(async () => {
    collector = await Collector.start();
  });
  afterEach(() => collector.close());

  const start = (options: Parameters<typeof World.start>[0] = {}): Promise<World> =>
    World.start({
      ...options,
      env: { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url, OTEL_BSP_SCHEDULE_DELAY: '100', ...options.env },
    });

  async function spans(count: number): Promise<readonly ReceivedSpan[]> {
    await world.until(() => collector.spans.length >= count);
    return collector.spans;
  }

  it('say what was called, how it went, and whose it is', async () => {
    world = await start();
    await world.call('read_note', { ...USER_1, traceparent: traceparent() });
    const [span] = await spans(1);
    await world.audit(1);
    const [event] = world.ingest.events;
    expect(span).toMatchObject({
      traceId: TRACE,
      spanId: event?.id.slice(0, 16),
      parentSpanId: PARENT,
      name: 'tools/call read_note',
      kind: 2,
      status: 0,
      resource: {
        'service.name': 'notes-gateway',
        'service.namespace': 'team-a',
        'service.instance.id': 'proxy-1',
      },
    });
    expect(span?.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'network.protocol.name': 'http',
      'network.protocol.version': '1.1',
      'url.scheme': 'http',
      'url.path': '/mcp',
      'mcp.method.name': 'tools/call',
      'gen_ai.operation.name': 'execute_tool',
      'gen_ai.tool.name': 'read_note',
      'mcp_runtime.decision': 'allow',
      'mcp_runtime.reason': 'allowed',
      'mcp_runtime.outcome': 'answered',
      'mcp_runtime.policy_revision': event?.payload.policy_revision,
      'mcp_runtime.event_id': event?.id,
      'mcp_runtime.upstream_ms': expect.any(Number),
    });
    expect(span?.durationMs).toBeGreaterThan(0);
    expect([...collector.paths]).toEqual(['/v1/traces']);
    expect((await world.page('/metrics')).text).toMatch(/mcp_gateway_spans_total{result="exported"[^}]*} 1/);
  });

  it('have the reason of a denial, and are errors only where somebody has to mend something', async () => {
    world = await start({ env: { UPSTREAM_URL: 'http://127.0.0.1:1' } });
    await world.call('secret');
    await world.call('read_note');
    const [denied, failed] = await spans(2);
    expect(denied).toMatchObject({
      status: 0,
      attributes: { 'error.type': 'tool_not_granted', 'mcp_runtime.decision': 'deny' },
    });
    expect(failed).toMatchObject({ status: 2, attributes: { 'error.type': 'upstream_unavailable' } });
  });

  it('are those of sampled traces only', async () => {
    world = await start({ env: { OTEL_TRACES_SAMPLER_ARG: '0' } });
    await world.call('read_note', { ...USER_1, traceparent: traceparent('00') });
    await world.call('read_note');
    expect(told().traceparent).toMatch(/-00$/);
    await world.call('list_notes', { ...USER_1, traceparent: traceparent('01') });
    expect((await spans(1)).map(({ name }) => name)).toEqual(['tools/call list_notes']);
    await world.close();
    expect(collector.spans).toHaveLength(1);
  });

  it('have no word of a caller, and no path where that is redacted', async () => {
    const { audit } = policyContent();
    world = await start({ policy: { audit: { ...audit, redact: ['path'] } } });
    const secret = 'canary-word';
    const headers = {
      'x-mcp-human-id': secret,
      'x-mcp-agent-session': secret,
      'mcp-session-id': secret,
      authorization: secret,
      'mcp-protocol-version': secret,
      tracestate: `a=${secret}`,
      traceparent: traceparent(),
    };
    await world.call(secret, headers, { secret });
    await world.call(secret, USER_1, { secret });
    await world.post({ jsonrpc: '2.0', id: secret, method: `made/${secret}` });
    await world.send(
      'GET',
      '',
      { ...USER_1, accept: 'text/event-stream' },
      `${world.url}/${secret}?${secret}`,
    );
    await world.send('PATCH', '', USER_1);
    const received = await spans(5);
    expect(collector.text).not.toContain(secret);
    expect(collector.text).not.toContain('url.path');
    expect(received.map(({ name }) => name).toSorted()).toEqual([
      'GET',
      'PATCH',
      'POST',
      '_OTHER',
      'tools/call',
    ]);
  });

  it('that a collector does not take are dropped and counted, and no call waits for it', async () => {
    world = await start();
    collector.answer = () => 400;
    await world.call('read_note');
    const dropped = async () =>
      Number(
        /mcp_gateway_spans_total{result="dropped"[^}]*} (\d+)/.exec((await world.page('/metrics')).text)?.[1],
      );
    await world.until(async () => (await dropped()) === 1);
    expect(world.logLines.join('')).toContain('OTEL_EXPORTER_OTLP_ENDPOINT');
    collector.answer = () => 200;
    await world.call('read_note');
    expect(await spans(1)).toHaveLength(1);
  });

  it('that wait are exported when the proxy ends', async () => {
    world = await start({ env: { OTEL_BSP_SCHEDULE_DELAY: '600000' } });
    for (let count = 0; count < 3; count += 1) await world.call('read_note');
    await world.close();
    expect(collector.spans).toHaveLength(3);
  });
});
