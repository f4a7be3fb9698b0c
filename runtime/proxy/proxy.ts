// The proxy, put together: two listeners, one pipeline, and what lives as long as they do.
import http from 'node:http';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import type { Clock } from '#runtime/process/clock.ts';
import { createPageServer, listen, servePage, type Pages } from '#runtime/process/http.ts';
import type { Log } from '#runtime/process/log.ts';
import { EventIds } from './audit/event-id.ts';
import { AuditDelivery } from './audit/delivery.ts';
import { AuditSink } from './audit/sink.ts';
import { Spool } from './audit/spool.ts';
import { TokenFile } from './audit/token-file.ts';
import { closeListener } from './close-listener.ts';
import type { ProxyConfig } from './config.ts';
import { refuseConnection } from './edge/connection-error.ts';
import { KeyFile } from './keys/key-file.ts';
import { HostCheck } from './edge/host-check.ts';
import { ClientMessageReader } from './json/client-message.ts';
import { ServerMessageReader } from './json/server-message.ts';
import { Pipeline } from './pipeline.ts';
import { PolicySource } from './policy/policy-source.ts';
import type { PolicyStreams } from './policy/policy-streams.ts';
import { createPages } from './pages.ts';
import { createProxyRegistry } from './proxy-metrics.ts';
import { Recorder } from './recorder.ts';
import { RequestMetrics } from './request-metrics.ts';
import type { ProxyServices } from './services.ts';
import { McpSessions } from './sessions/mcp-sessions.ts';
import { SessionSeal } from './sessions/session-seal.ts';
import { ByteBudget } from './state/byte-budget.ts';
import { Places } from './state/places.ts';
import { RateMeter } from './state/rate-meter.ts';
import { SessionLedger } from './state/session-ledger.ts';
import { LeanUpstream } from './upstream/lean-upstream.ts';
import { upstreamProbe } from './upstream/upstream-probe.ts';
import type { Upstream } from './upstream/upstream.ts';

/** What keeps the audit trail; absent where audit is off. */
export interface Audit {
  readonly spool: Spool;
  readonly sink: AuditSink;
  readonly delivery: AuditDelivery;
}

export interface StartedProxy {
  readonly port: number;
  readonly metricsPort: number;
  /** Ends open requests in order, then what is left when `signal` fires; keeps the audit events that remain. */
  close(signal: AbortSignal): Promise<void>;
}

/** Longer than a usual ingress keeps its connections, so that it is the one to close them. */
const KEEP_ALIVE_MS = 620_000;
const MAX_HEADER_BYTES = 16 * 1024;
const RECHECK_MS = 1_000;
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);
/** Part of the time for the shutdown that is kept for the last audit events. */
const AUDIT_SHARE_MS = 2_000;

/** Starts both listeners. Throws `ListenError`, or what kept the spool from opening. */
export async function startProxy(config: ProxyConfig, clock: Clock, log: Log): Promise<StartedProxy> {
  const audit = openAudit(config, clock, log);
  const metrics = new RequestMetrics();
  const ids = new EventIds();
  const keys = KeyFile.open({ file: config.keysFile, stateFolder: config.stateFolder, clock, log });
  const shared = { config, clock, ids, keys: keys.ring };
  const inForce = () => services.policy.current;
  const recorder = new Recorder({ ...shared, sink: audit?.sink, metrics, policy: inForce });
  const upstream = await createUpstream(config, clock);
  const services: ProxyServices = createServices({ ...shared, log, recorder, upstream });
  const { policy, forwarded, places, bodies, answers } = services;
  const pipeline = new Pipeline(services);
  let streams: PolicyStreams | undefined;
  const observed = { config, clock, policy, streams: () => streams?.state };
  const registry = createProxyRegistry({ ...observed, metrics, places, bodies, answers, audit });
  const pages = createPages({
    ...observed,
    audit: audit?.delivery,
    upstream: upstreamProbe(config.upstreamUrl),
    registry,
    isDraining: () => pipeline.draining,
  });
  const main = createMainServer(services, pipeline, pages.main);
  const side = createPageServer(pages.metrics, (error) => log.error({ error }, 'A page failed.'));
  const stopRechecks = recheckForwarded(services);
  policy.start();
  keys.watch();
  audit?.delivery.wake();
  const stop = async (signal: AbortSignal): Promise<void> => {
    stopRechecks();
    policy.stop();
    keys.stop();
    await streams?.stop();
    services.upstream.close();
    side.close().closeAllConnections();
    await closeAudit(audit, signal);
  };
  try {
    const { port, metricsPort, bindAddress: host } = config;
    const opened = await listen(main, { variable: 'PORT', port, host });
    const openedMetrics = await listen(side, { variable: 'METRICS_PORT', port: metricsPort, host });
    streams = await openStreams(services, audit);
    const close = async (signal: AbortSignal): Promise<void> => {
      pipeline.draining = true;
      for (const cut of [...forwarded.values()]) cut.drain();
      await closeListener(main, config.drainMs, signal);
      await stop(signal);
    };
    return { port: opened, metricsPort: openedMetrics, close };
  } catch (error) {
    main.close();
    await stop(AbortSignal.abort());
    throw error;
  }
}

/** Delivers what can be delivered in time; the rest stays on disk. */
async function closeAudit(audit: Audit | undefined, signal: AbortSignal): Promise<void> {
  await audit?.sink.close();
  await audit?.delivery.close(AbortSignal.any([signal, AbortSignal.timeout(AUDIT_SHARE_MS)]));
  await audit?.spool.close();
}

/** Asks again what is under way: when policy changes, and for what ends by the clock. @returns what stops that */
function recheckForwarded({ policy, forwarded }: ProxyServices): () => void {
  const recheck = (): void => {
    for (const cut of [...forwarded.values()]) cut.recheck();
  };
  policy.onSwap(recheck);
  const timer = setInterval(recheck, RECHECK_MS);
  return () => clearInterval(timer);
}

type Given = Pick<ProxyServices, 'config' | 'clock' | 'log' | 'ids' | 'recorder' | 'keys' | 'upstream'>;

function createServices(given: Given): ProxyServices {
  const { config, clock, log, keys } = given;
  const keptFile = path.join(config.stateFolder, 'policy.json');
  return {
    ...given,
    policy: new PolicySource({
      file: config.policyFile,
      keptFile,
      streamed: config.policyStream !== undefined,
      clock,
      log,
    }),
    forwarded: new Map(),
    hostCheck: new HostCheck(config),
    sessions: new McpSessions(new SessionSeal(keys, config.server), config.pod, clock),
    ledger: new SessionLedger(),
    places: new Places(config.limits),
    subjectRates: new RateMeter(),
    toolRates: new RateMeter(),
    bodies: new ByteBudget(config.limits.maxBufferedBytes),
    answers: new ByteBudget(config.limits.maxBufferedAnswerBytes),
    clientMessages: new ClientMessageReader(),
    serverMessages: new ServerMessageReader(),
  };
}

/** Starts to listen to distributors, where there are any; nothing waits for what they say. */
async function openStreams(
  { config, clock, log, policy }: ProxyServices,
  audit: Audit | undefined,
): Promise<PolicyStreams | undefined> {
  if (config.policyStream === undefined) return undefined;
  const { PolicyStreams } = await import('./policy/policy-streams.ts');
  const auditState = () => ({
    deliveredAtMs: audit?.delivery.lastDeliveredMs,
    delayed: audit?.delivery.delayed === true || audit?.sink.losing === true,
  });
  const streams = new PolicyStreams({ ...config.policyStream, policy, audit: auditState, clock, log });
  streams.start();
  return streams;
}

function openAudit(config: ProxyConfig, clock: Clock, log: Log): Audit | undefined {
  if (config.audit === undefined) return undefined;
  const { source, eventType, url, apiKey, tokenFile, spoolMaxBytes } = config.audit;
  const token = tokenFile === undefined ? undefined : new TokenFile(tokenFile, clock);
  const folder = path.join(config.stateFolder, 'spool');
  const spool = new Spool({ folder, maxBytes: spoolMaxBytes });
  // On this machine bytes cost less than packing them.
  const compress = !LOOPBACK.has(url.hostname);
  const parkFile = path.join(folder, 'refused.ndjson');
  const delivery = new AuditDelivery({ spool, url, apiKey, token, compress, log, parkFile });
  const sink = new AuditSink({
    spool,
    identity: { source, eventType, instance: config.instance },
    clock,
    log,
    onAppended: () => delivery.wake(),
  });
  return { spool, sink, delivery };
}

async function createUpstream(config: ProxyConfig, clock: Clock): Promise<Upstream> {
  const { upstreamUrl: origin, upstreamTimeouts: limits } = config;
  if (origin.protocol === 'http:') return new LeanUpstream({ origin, clock, limits });
  // Loaded only where it is needed: it is as large as everything else together.
  const { UndiciUpstream } = await import('./upstream/undici-upstream.ts');
  return new UndiciUpstream(origin, limits);
}

function createMainServer(services: ProxyServices, pipeline: Pipeline, pages: Pages): http.Server {
  const { config, log, recorder } = services;
  const { requestTimeoutMs, unreadTimeoutMs } = config.limits;
  const reserved = new Map(Object.entries(pages));
  const handle: http.RequestListener = (request, response) => {
    const page = reserved.get(pathOf(request.url ?? '/'));
    if (page === undefined) pipeline.handle(request, response);
    else servePage(page, request, response, (error) => log.error({ error }, 'A page failed.'));
  };
  const refuse = (error: Error, socket: Duplex): void => {
    const exchange = pipeline.exchangeOn(socket);
    if (exchange?.response.headersSent === true) {
      // An answer is on its way, and nothing may come between its bytes.
      if (exchange.finished) socket.end();
      else socket.destroy();
      return;
    }
    const reason = refuseConnection(error, socket);
    if (reason === undefined) return;
    if (exchange === undefined) recorder.connectionRefused(reason);
    else pipeline.break(exchange, reason);
  };
  const server = http.createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      maxHeaderSize: MAX_HEADER_BYTES,
      connectionsCheckingInterval: 1_000,
      noDelay: true,
      // Host is checked with everything else, so that its absence is answered and recorded alike.
      requireHostHeader: false,
    },
    handle,
  );
  server.setTimeout(unreadTimeoutMs);
  // Node would answer these by itself: before anybody is known, and unrecorded.
  server.on('checkContinue', handle);
  server.on('checkExpectation', handle);
  server.on('connect', (_request, socket) => refuse(new Error('CONNECT is not served.'), socket));
  server.on('clientError', refuse);
  return server;
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}
