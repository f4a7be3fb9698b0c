// The proxy, put together: two listeners, one pipeline, and what lives as long as they do.
import type https from 'node:https';
import path from 'node:path';
import type { Clock } from '#runtime/process/clock.ts';
import { createPageServer, listen } from '#runtime/process/http.ts';
import type { Log } from '#runtime/process/log.ts';
import { EventIds } from './audit/event-id.ts';
import { AuditDelivery } from './audit/delivery.ts';
import { AuditSink } from './audit/sink.ts';
import { Spool } from './audit/spool.ts';
import { TokenFile } from './audit/token-file.ts';
import { BufferGarbage } from './buffer-garbage.ts';
import type { ProxyConfig } from './config.ts';
import type { OpenListener } from './close-listener.ts';
import { Connections } from './connections.ts';
import { Departures } from './departures.ts';
import { drain } from './drain.ts';
import { trimWhenIdle } from './idle-trim.ts';
import { KeyFile } from './keys/key-file.ts';
import { HostCheck } from './edge/host-check.ts';
import { ClientMessageReader } from './json/client-message.ts';
import { ServerMessageReader } from './json/server-message.ts';
import { createPeerServer } from './peers/peer-server.ts';
import { Peers } from './peers/peers.ts';
import { createMainServer } from './main-server.ts';
import { Pipeline } from './pipeline.ts';
import { PolicySource } from './policy/policy-source.ts';
import type { PolicyStreams } from './policy/policy-streams.ts';
import { createPages } from './pages.ts';
import { createProxyRegistry } from './proxy-metrics.ts';
import { Recorder } from './recorder.ts';
import { RequestMetrics } from './request-metrics.ts';
import type { ProxyServices } from './services.ts';
import { McpSessions } from './sessions/mcp-sessions.ts';
import { ResumeIds } from './sessions/resume-ids.ts';
import { SessionSeal } from './sessions/session-seal.ts';
import { ByteBudget } from './state/byte-budget.ts';
import { Forwarded } from './state/forwarded.ts';
import { Journal } from './state/journal.ts';
import { KnownCallers } from './state/known-callers.ts';
import { RequestLedger } from './state/request-ledger.ts';
import { Places } from './state/places.ts';
import { RateMeter } from './state/rate-meter.ts';
import { SessionLedger } from './state/session-ledger.ts';
import { LeanUpstream } from './upstream/lean-upstream.ts';
import { upstreamProbe } from './upstream/upstream-probe.ts';
import type { SpanSink } from './tracing/span-sink.ts';
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
  /** Of the listener for peers, where there is one. */
  readonly peerPort: number | undefined;
  /**
   * Ends open requests in order, then what is left when `signal` fires; keeps the audit events that remain.
   * @param recordsMs most milliseconds after that for delivering audit events and spans. Default: 2 000
   */
  close(signal: AbortSignal, recordsMs?: number): Promise<void>;
}

const RECHECK_MS = 1_000;
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);
/** Time for the last audit events, beside that for open calls: what calls bring by ending at the last moment is among them. */
const RECORDS_MS = 2_000;

/** Starts both listeners. Throws `ListenError`, or what kept the spool from opening. */
export async function startProxy(config: ProxyConfig, clock: Clock, log: Log): Promise<StartedProxy> {
  const { services, keys, metrics, audit, spans } = await assemble(config, clock, log);
  const { policy, places, bodies, answers, peers } = services;
  const pipeline = new Pipeline(services);
  let streams: PolicyStreams | undefined;
  const observed = { config, clock, policy, streams: () => streams?.state };
  const registry = createProxyRegistry({
    ...observed,
    metrics,
    places,
    bodies,
    answers,
    peers,
    audit,
    spans,
  });
  const pages = createPages({
    ...observed,
    audit: audit?.delivery,
    upstream: upstreamProbe(config.upstreamUrl),
    registry,
    isDraining: () => pipeline.draining,
  });
  const main = createMainServer(services, pipeline, pages.main);
  const peerServer = createPeers(services, pipeline);
  const listeners = { main: counted(main), peers: peerServer && counted(peerServer) };
  const side = createPageServer(pages.metrics, (error) => log.error({ error }, 'A page failed.'));
  const stopRechecks = recheckForwarded(services);
  const stopTrims = trimWhenIdle({ policy, log });
  policy.start();
  audit?.delivery.wake();
  const stop = async (recordsMs: number): Promise<void> => {
    stopRechecks();
    stopTrims();
    policy.stop();
    keys.stop();
    await streams?.stop();
    closeClients(services);
    services.journal.close();
    side.close().closeAllConnections();
    await closeRecords(audit, spans, recordsMs);
  };
  try {
    const { port, metricsPort, bindAddress: host } = config;
    const opened = await listen(main, { variable: 'PORT', port, host });
    const openedMetrics = await listen(side, { variable: 'METRICS_PORT', port: metricsPort, host });
    const peerPort = await openPeers(services, peerServer);
    streams = await openStreams(services, audit);
    const close = async (signal: AbortSignal, recordsMs = RECORDS_MS): Promise<void> => {
      await drain({ services, pipeline, ...listeners }, signal);
      await stop(recordsMs);
    };
    return { port: opened, metricsPort: openedMetrics, peerPort, close };
  } catch (error) {
    main.close();
    peerServer?.close();
    await stop(0);
    throw error;
  }
}

function counted(server: OpenListener['server']): OpenListener {
  return { server, connections: new Connections(server) };
}

function closeClients({ upstream, peers }: ProxyServices): void {
  upstream.close();
  peers?.close();
}

/** Delivers what can be delivered in time; the rest of the events stays on disk. */
async function closeRecords(
  audit: Audit | undefined,
  spans: SpanSink | undefined,
  recordsMs: number,
): Promise<void> {
  const inTime = AbortSignal.timeout(recordsMs);
  const exported = spans?.close(inTime);
  await audit?.sink.close();
  await audit?.delivery.close(inTime);
  await audit?.spool.close();
  await exported;
}

async function openSpans(config: ProxyConfig, clock: Clock, log: Log): Promise<SpanSink | undefined> {
  const { traces } = config;
  if (traces === undefined) return undefined;
  // Loaded only where spans are collected.
  const { SpanExport } = await import('./tracing/span-export.ts');
  return new SpanExport({ traces, config, clock, log });
}

/** Asks again what is under way: when policy changes, and for what ends by the clock. @returns what stops that */
function recheckForwarded({ policy, forwarded, callers }: ProxyServices): () => void {
  const recheck = (): void => {
    for (const cut of forwarded.cuts()) cut.recheck();
  };
  policy.onSwap(() => {
    callers.forgetStandings();
    recheck();
  });
  const timer = setInterval(recheck, RECHECK_MS);
  return () => clearInterval(timer);
}

interface Parts {
  readonly services: ProxyServices;
  readonly keys: KeyFile;
  readonly metrics: RequestMetrics;
  readonly audit: Audit | undefined;
  readonly spans: SpanSink | undefined;
}

/** What works and what it is observed by; nothing of it listens yet. */
async function assemble(config: ProxyConfig, clock: Clock, log: Log): Promise<Parts> {
  const audit = openAudit(config, clock, log);
  const spans = await openSpans(config, clock, log);
  const metrics = new RequestMetrics();
  const keys = openKeys(config, clock, log);
  const shared = { config, clock, ids: new EventIds(), keys: keys.ring };
  const inForce = () => services.policy.current;
  const recorder = new Recorder({ ...shared, sink: audit?.sink, metrics, spans, policy: inForce });
  const departures = new Departures();
  const upstream = await createUpstream(config, clock, departures);
  const services = createServices({ ...shared, log, recorder, upstream, departures });
  return { services, keys, metrics, audit, spans };
}

type Given = Pick<
  ProxyServices,
  'config' | 'clock' | 'log' | 'ids' | 'recorder' | 'keys' | 'upstream' | 'departures'
>;

function createServices(given: Given): ProxyServices {
  const { config, clock, log, keys } = given;
  const keptFile = path.join(config.stateFolder, 'policy.json');
  const forwarded = new Forwarded();
  const journal = new Journal({ folder: config.stateFolder, log });
  const places = new Places(config.limits);
  const bodies = new ByteBudget(config.limits.maxBufferedBytes);
  const answers = new ByteBudget(config.limits.maxBufferedAnswerBytes);
  return {
    ...given,
    policy: new PolicySource({
      file: config.policyFile,
      keptFile,
      streamed: config.policyStream !== undefined,
      clock,
      log,
    }),
    forwarded,
    peers: config.peerPort === undefined ? undefined : new Peers({ keys, config, forwarded }),
    hostCheck: new HostCheck(config),
    sessions: new McpSessions(new SessionSeal(keys, config.server), config.pod, clock),
    resumeIds: new ResumeIds(keys),
    journal,
    ledger: new SessionLedger(journal),
    requests: new RequestLedger(journal),
    places,
    callers: new KnownCallers({ places, subjectRates: new RateMeter() }),
    toolRates: new RateMeter(),
    bodies,
    answers,
    bufferGarbage: new BufferGarbage({ heldBytes: () => bodies.inUse + answers.inUse }),
    clientMessages: new ClientMessageReader(),
    serverMessages: new ServerMessageReader(),
  };
}

function createPeers({ config, keys }: ProxyServices, pipeline: Pipeline): https.Server | undefined {
  if (config.peerPort === undefined) return undefined;
  return createPeerServer({
    config,
    keys,
    handle: (request, response) => pipeline.handle(request, response, true),
    onStill: (socket) => pipeline.onStill(socket),
  });
}

async function openPeers(
  { config, sessions }: ProxyServices,
  server: https.Server | undefined,
): Promise<number | undefined> {
  const { peerPort: port, bindAddress: host } = config;
  if (server === undefined || port === undefined) return undefined;
  sessions.peerPort = await listen(server, { variable: 'PEER_PORT', port, host });
  return sessions.peerPort;
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

function openKeys({ keysFile: file, stateFolder }: ProxyConfig, clock: Clock, log: Log): KeyFile {
  const keys = KeyFile.open({ file, stateFolder, clock, log });
  keys.watch();
  return keys;
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

async function createUpstream(config: ProxyConfig, clock: Clock, departures: Departures): Promise<Upstream> {
  const { upstreamUrl: origin, upstreamTimeouts: limits } = config;
  if (origin.protocol === 'http:') return new LeanUpstream({ origin, clock, limits, departures });
  // Loaded only where it is needed: it is as large as everything else together.
  const { UndiciUpstream } = await import('./upstream/undici-upstream.ts');
  return new UndiciUpstream(origin, limits);
}
