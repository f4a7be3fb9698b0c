// The life of a distributor: it fills its caches, gets its certificate, and then serves whoever proves to be the proxy of
// a server. It writes nothing, holds no lease and keeps no state, so that any number of them work side by side; a proxy
// listens to all.
import type { PolicyInputName } from '#policy/document.ts';
import { textAt } from '#runtime/kube/json-path.ts';
import { KubeClient } from '#runtime/kube/kube-client.ts';
import type { KubeConnection } from '#runtime/kube/kubeconfig.ts';
import type { Reflector } from '#runtime/kube/reflector.ts';
import { TokenReviews } from '#runtime/kube/token-review.ts';
import { PolicyBook } from '#runtime/policy-book/policy-book.ts';
import { TombstoneShelf } from '#runtime/policy-book/tombstone-shelf.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { Log } from '#runtime/process/log.ts';
import { AcknowledgementBook } from './acknowledge/acknowledgement-book.ts';
import { everybodySpoke } from './acknowledge/everybody-spoke.ts';
import { AcknowledgementStream } from './acknowledge/acknowledgement-stream.ts';
import { createCaches, type DistributorCaches } from './caches.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { DistributorMetrics } from './metrics.ts';
import { isReady, portOf } from './pod-view.ts';
import { connect as openConnection, type Connect } from './probe/connect.ts';
import { IsolationProbe, type ProbeTarget } from './probe/isolation-probe.ts';
import { ProxyGuests } from './proxy-guests.ts';
import { ServingCertificate, type CertificatePair } from './serving-certificate.ts';
import type { DistributorSettings } from './settings.ts';
import { StreamServer, type Guest } from './stream-server.ts';
import type { CurrentPolicy } from './stream/document-lines.ts';
import type { Wire } from './stream/proxy-stream.ts';
import { Refresher } from './stream/refresher.ts';
import { Streams } from './stream/streams.ts';

export interface DistributorOptions {
  readonly connection: KubeConnection;
  readonly settings: DistributorSettings;
  readonly clock: Clock;
  readonly log: Log;
  /** How servers are tried to be reached. */
  readonly connect?: Connect;
}

/** How long what a cache last heard counts as the present; a server sends bookmarks each minute. */
const FRESH_MS = 180_000;
/** How long proxies are given to find a new distributor, before the operator is told that it heard all of them. */
const SETTLE_MS = 10_000;

/** Servers whose policies change at a time; the others are made again when somebody asks. */
const KEPT_POLICIES = 8;

const POLICY_CACHES = [
  'servers',
  'grants',
  'sessions',
  'tombstones',
] as const satisfies readonly PolicyInputName[];

export class Distributor {
  readonly metrics = new DistributorMetrics();
  private readonly options: DistributorOptions;
  private readonly kube: KubeClient;
  private readonly caches: DistributorCaches;
  private readonly book: PolicyBook;
  private readonly refresher: Refresher<keyof DistributorCaches>;
  private readonly streams: Streams;
  private readonly acknowledgements = new AcknowledgementBook();
  private readonly readers = new Set<Wire>();
  private readonly server: StreamServer;
  private readonly certificate: ServingCertificate;
  private readonly certified = Promise.withResolvers<CertificatePair>();
  private readonly stopping = new AbortController();
  /** On the monotonic clock; undefined before the listener is open. */
  private servingSinceMs: number | undefined;
  private ended: Promise<void> | undefined;
  private stopped: Promise<void> | undefined;

  constructor(options: DistributorOptions) {
    const { connection, settings, clock, log } = options;
    this.options = options;
    this.kube = new KubeClient(connection, { userAgent: 'mcp-runtime-distributor' });
    this.caches = createCaches({ source: this.kube, log, clock }, settings.namespace);
    const tombstones = new TombstoneShelf({ configMaps: this.caches.tombstones, log });
    const { config, policyEpoch: epoch } = settings;
    this.book = new PolicyBook({ ...this.caches, tombstones, config, epoch, keeps: KEPT_POLICIES });
    this.streams = new Streams({
      caches: this.caches,
      policyOf: (key) => this.policyOf(key),
      isFresh: () => this.isFresh(),
      clock,
      onClosed: ({ options: { server, pod } }) => {
        if (this.streams.ofPod(pod.uid).length === 0) this.acknowledgements.forget(server, pod.uid);
      },
    });
    this.refresher = new Refresher({
      caches: this.caches,
      clock,
      onRefreshed: (name) => {
        this.metrics.refreshed(name);
        this.streams.advanced();
      },
    });
    this.certificate = this.followCertificate();
    this.server = this.streamServer();
    this.metrics.watch(this.reflectors, () => ({
      streams: this.streams.size,
      behind: this.streams.behind,
      certificateEndsAtMs: this.certificate.current?.endsAtMs,
    }));
  }

  private get reflectors(): readonly Reflector[] {
    const { servers, grants, sessions, tombstones, pods, certificates } = this.caches;
    return [servers, grants, sessions, tombstones, pods, certificates];
  }

  /** Why no proxy should be sent here; none: all is well. */
  problems(): readonly string[] {
    const late = this.reflectors
      .filter(({ synced }) => !synced)
      .map((reflector) => {
        const { lastError } = reflector.state();
        return `${reflector.type.resource} are not read yet${lastError === undefined ? '' : `: ${lastError}`}`;
      });
    if (late.length > 0) return late;
    if (this.certificate.current === undefined) {
      return ['There is no serving certificate: the operator makes Secret mcp-runtime-distributor-tls.'];
    }
    return this.server.isListening ? [] : ['The streams are not served.'];
  }

  /** The port of the streams, once they are served. */
  streamPort: number | undefined;

  /** Serves until it is stopped. */
  run(): Promise<void> {
    this.ended ??= this.live(this.stopping.signal);
    return this.ended;
  }

  /** Tells every proxy to go elsewhere, and ends. */
  stop(): Promise<void> {
    this.stopped ??= this.drain();
    return this.stopped;
  }

  private async drain(): Promise<void> {
    this.server.drain();
    this.streams.endAll('draining', 'this distributor ends');
    for (const reader of this.readers) reader.end('\n');
    this.refresher.stop();
    this.stopping.abort();
    await this.server.close();
    await this.ended;
    await this.kube.close();
  }

  private async live(signal: AbortSignal): Promise<void> {
    const { log, clock } = this.options;
    const { reflectors } = this;
    for (const reflector of reflectors) void reflector.start(signal);
    const stopped = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    const filled = Promise.all(reflectors.map((reflector) => reflector.whenSynced().catch(() => undefined)));
    await Promise.race([filled, stopped]);
    const pair = await Promise.race([this.certified.promise, stopped]);
    if (pair === undefined || signal.aborted) return;
    this.streamPort = await this.server.listen(this.certificate.current ?? pair);
    this.servingSinceMs = clock.monotonicMs();
    this.streams.start();
    log.info({ port: this.streamPort }, 'Policy is served.');
    await this.probe().run(signal);
  }

  private followCertificate(): ServingCertificate {
    return new ServingCertificate({
      secrets: this.caches.certificates,
      log: this.options.log,
      onChange: (pair) => {
        this.certified.resolve(pair);
        this.server.replaceCertificate(pair);
      },
    });
  }

  private streamServer(): StreamServer {
    const { settings, clock, log } = this.options;
    const { acknowledgements, streams, metrics, caches } = this;
    const guests = new ProxyGuests({
      streams,
      acknowledgements,
      refresh: (behind) => {
        for (const name of behind) void this.refresher.refresh(name);
      },
      metrics,
      clock,
      log,
    });
    const doorkeeper = new Doorkeeper({
      reviews: new TokenReviews({ kube: this.kube, clock, onReview: (outcome) => metrics.reviewed(outcome) }),
      servers: caches.servers,
      pods: caches.pods,
      refresh: (what) => this.refresher.refresh(what),
      operator: { namespace: settings.namespace, name: settings.operatorAccount },
    });
    return new StreamServer({
      doorkeeper,
      onProxy: (admitted, wire) => guests.welcome(admitted, wire),
      onOperator: (wire) => this.welcomeOperator(wire),
      onRefused: (reason) => metrics.entryRefused(reason),
      log,
      port: settings.streamPort,
      host: settings.host,
    });
  }

  private welcomeOperator(wire: Wire): Guest {
    this.readers.add(wire);
    const stream = new AcknowledgementStream({
      book: this.acknowledgements,
      wire,
      isComplete: () => this.isComplete(),
    });
    return {
      heard: () => undefined,
      hear: () => undefined,
      endOfLines: () => undefined,
      drained: () => stream.drained(),
      closed: () => {
        this.readers.delete(wire);
        stream.stop();
      },
    };
  }

  private policyOf(serverKey: string): CurrentPolicy | undefined {
    const mark = this.book.positionOf(serverKey);
    return mark && { mark, document: () => this.book.of(serverKey).compiled?.document };
  }

  private isFresh(): boolean {
    const sinceMs = this.options.clock.nowMs() - FRESH_MS;
    return POLICY_CACHES.every((name) => (this.caches[name].state().lastHeardAtMs ?? 0) >= sinceMs);
  }

  /** Whether everybody who is there has spoken, or had the time to. */
  private isComplete(): boolean {
    const { servingSinceMs = Infinity, options, caches, acknowledgements } = this;
    if (options.clock.monotonicMs() - servingSinceMs > SETTLE_MS) return true;
    return everybodySpoke(caches.pods, caches.servers, acknowledgements);
  }

  private probe(): IsolationProbe {
    const { clock, connect = openConnection } = this.options;
    return new IsolationProbe({
      pods: () => this.streams.pods(),
      targetOf: (podUid) => this.probeTargetOf(podUid),
      connect,
      clock,
      onResult: ({ server, podUid }, reachable) => {
        this.metrics.probed(reachable);
        this.acknowledgements.tried(server, podUid, reachable);
      },
    });
  }

  private probeTargetOf(podUid: string): ProbeTarget | undefined {
    const stream = this.streams.ofPod(podUid).find(({ isOpen }) => isOpen);
    if (stream === undefined) return undefined;
    const { server, pod } = stream.options;
    const live = this.caches.pods.get(pod);
    const address = textAt(live, 'status', 'podIP') ?? '';
    const port = portOf(this.caches.servers.get(server));
    if (live?.metadata.uid !== podUid || !isReady(live) || address === '' || port === undefined)
      return undefined;
    return { server, podUid, address, port };
  }
}
