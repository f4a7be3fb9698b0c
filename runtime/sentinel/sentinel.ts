// The embedded sentinel, put together: ingest → log → writer → ClickHouse engine → API and console, in one process.
// Ingest and log come first and stand alone: whatever happens to the rest, events are taken and kept.
import { getRequestListener } from '@hono/node-server';
import http from 'node:http';
import path from 'node:path';
import type { HealthReport } from '#api/sentinel-api.ts';
import type { KubeConnection } from '#runtime/kube/kubeconfig.ts';
import type { Clock } from '#runtime/process/clock.ts';
import { listen } from '#runtime/process/http.ts';
import type { Log } from '#runtime/process/log.ts';
import type { Shutdown } from '#runtime/process/shutdown.ts';
import { createApi } from './api/api.ts';
import { BackupFolder } from './backup/backup-folder.ts';
import { Backups } from './backup/backups.ts';
import { afterKilledRestore } from './backup/restore.ts';
import { identityIn } from './identity.ts';
import { FileInventory, type InventorySource } from './api/inventory-source.ts';
import { LiveFeed } from './api/live-feed.ts';
import type { ApiKeys } from './ingest/api-keys.ts';
import { apiKeysIn } from './ingest/api-keys.ts';
import { createIngestServer } from './ingest/ingest-server.ts';
import type { Cluster } from './kubernetes/cluster.ts';
import type { ReloadedFile } from './reloaded-file.ts';
import type { SentinelConfig } from './sentinel-config.ts';
import { IngestCounts, sentinelMetrics } from './sentinel-metrics.ts';
import { openEventStore } from './store/event-store.ts';
import { openChdb } from './store/open-chdb.ts';
import { openEmbeddedLog } from './stream/embedded-log.ts';
import type { EventStream } from './stream/event-stream.ts';
import { lockFolder } from './stream/folder-lock.ts';
import { logFilesIn } from './stream/log-files.ts';
import { Writer } from './writer/writer.ts';

export interface SentinelDeps {
  readonly config: SentinelConfig;
  readonly clock: Clock;
  readonly log: Log;
  /** Finds the cluster, where the configuration speaks of one. */
  readonly findCluster: () => Promise<KubeConnection>;
  /** Gets a step for everything that is started, in the order of starting. */
  readonly shutdown: Pick<Shutdown, 'add'>;
}

export interface SentinelAddresses {
  readonly ingestUrl: string;
  readonly apiUrl: string;
}

/** The parts that ingest, API and health look at. */
interface Parts {
  readonly stream: EventStream;
  readonly writer: Writer;
  readonly keys: ReloadedFile<ApiKeys> | undefined;
  readonly cluster: Cluster | undefined;
  readonly inventory: InventorySource;
  readonly feed: LiveFeed;
  readonly counts: IngestCounts;
  readonly backups: Backups | undefined;
}

/** Resolves once ingest and API listen. Throws where a folder or port can't be had; the message says what to do. */
export async function startSentinel(deps: SentinelDeps): Promise<SentinelAddresses> {
  const { config, clock } = deps;
  const cluster = await openCluster(deps);
  const { stream, writer, backups } = await openStorage(deps);
  const { INGEST_KEYS_FILE: keysFile } = config;
  const parts: Parts = {
    stream,
    writer,
    keys: keysFile === undefined ? undefined : apiKeysIn(keysFile, clock),
    cluster,
    inventory: cluster?.inventory ?? new FileInventory(config.INVENTORY_FILE, clock),
    feed: new LiveFeed(stream),
    counts: new IngestCounts(),
    backups,
  };
  const ingestPort = await openIngest(deps, parts);
  const apiPort = await openApi(deps, parts);
  writer.start();
  await backups?.start();
  return {
    ingestUrl: `http://${urlHost(config.INGEST_HOST)}:${ingestPort}/events`,
    apiUrl: `http://${urlHost(config.API_HOST)}:${apiPort}`,
  };
}

async function openCluster({ config, clock, log, findCluster, shutdown }: SentinelDeps) {
  const [tokens, inventory] = [config.INGEST_TOKENS !== undefined, config.INVENTORY !== undefined];
  if (!tokens && !inventory) return undefined;
  const { Cluster } = await import('./kubernetes/cluster.ts');
  const cluster = new Cluster({ connection: await findCluster(), tokens, inventory, clock, log });
  shutdown.add({ name: 'cluster', run: () => cluster.stop() });
  cluster.start();
  return cluster;
}

async function openStorage({ config, clock, log, shutdown }: SentinelDeps) {
  const release = await lockFolder(config.DATA_DIR);
  shutdown.add({ name: 'folder', run: release });
  await afterKilledRestore(config.DATA_DIR);
  const files = logFilesIn(path.join(config.DATA_DIR, 'log'));
  const stream = await openEmbeddedLog({ files, log, maxBytes: config.STREAM_MAX_BYTES });
  shutdown.add({ name: 'stream', run: () => stream.close() });
  const folder = path.join(config.DATA_DIR, 'store');
  const openStore = async () =>
    openEventStore(await openChdb(folder, config.BACKUP_DIR), config.RETENTION_DAYS);
  const writer = new Writer({ stream, openStore, log });
  shutdown.add({ name: 'writer', run: (signal) => writer.stop(signal) });
  const backups = await openBackups({ config, clock, log }, { stream, writer });
  if (backups !== undefined) shutdown.add({ name: 'backups', run: () => backups.stop() });
  return { stream, writer, backups };
}

async function openBackups(
  { config, clock, log }: Pick<SentinelDeps, 'config' | 'clock' | 'log'>,
  storage: Pick<Parts, 'stream' | 'writer'>,
): Promise<Backups | undefined> {
  if (config.BACKUP_DIR === undefined) return undefined;
  const sentinel = await identityIn(config.DATA_DIR);
  return new Backups({
    ...storage,
    folder: new BackupFolder(config.BACKUP_DIR, sentinel),
    sentinel,
    clock,
    log,
    retain: config.BACKUP_RETAIN,
    everyMs: config.BACKUP_EVERY,
  });
}

async function openIngest({ config, clock, log, shutdown }: SentinelDeps, parts: Parts): Promise<number> {
  const { stream, keys, cluster, counts } = parts;
  await keys?.current();
  if (keys?.problem !== undefined)
    log.error({ problem: keys.problem }, 'Ingest has no keys; clients have to wait.');
  const server = createIngestServer({
    stream,
    keys,
    tokens: cluster?.tokens,
    clock,
    log,
    count: counts.count,
  });
  shutdown.add({ name: 'ingest', run: (signal) => closeServer(server, signal) });
  return listen(server, { variable: 'INGEST_PORT', port: config.INGEST_PORT, host: config.INGEST_HOST });
}

async function openApi({ config, clock, log, shutdown }: SentinelDeps, parts: Parts): Promise<number> {
  const { stream, writer, cluster, inventory, feed, counts, backups } = parts;
  const app = createApi({
    store: () => writer.store,
    pending: () => stream.stats().pending,
    inventory,
    feed,
    health: () => healthOf(parts),
    isReady: () => stream.stats().problem === undefined && cluster?.synced !== false,
    registry: sentinelMetrics({ counts, stream, writer, backups }),
    backups,
    consoleDir: config.CONSOLE_DIR,
    token: config.API_TOKEN,
    allowedHosts: [...config.API_ALLOWED_HOSTS, urlHost(config.API_HOST)],
    clock,
    log,
  });
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = http.createServer((request, response) => void listener(request, response));
  inventory.announceTo(feed);
  shutdown.add({
    name: 'api',
    run: async (signal) => {
      inventory.stop();
      feed.close();
      await closeServer(server, signal);
    },
  });
  return listen(server, { variable: 'API_PORT', port: config.API_PORT, host: config.API_HOST });
}

/** Takes no new connections, lets requests end, and at the deadline ends them. */
async function closeServer(server: http.Server, signal: AbortSignal): Promise<void> {
  if (!server.listening) return;
  const end = (): void => server.closeAllConnections();
  signal.addEventListener('abort', end, { once: true });
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeIdleConnections();
  });
  signal.removeEventListener('abort', end);
}

function healthOf({ stream, writer, keys, cluster, inventory, backups }: Parts): HealthReport {
  const { problem, pending } = stream.stats();
  const components = {
    stream: componentOf(problem),
    store: componentOf(writer.problem),
    keys: componentOf(keys?.problem),
    cluster: componentOf(cluster?.problem),
    inventory: componentOf(inventory.problem),
    backups: componentOf(backups?.problem),
  };
  const isOk = Object.values(components).every(({ status }) => status === 'ok');
  return { status: isOk ? 'ok' : 'degraded', components, pending };
}

function componentOf(problem: string | undefined): HealthReport['components'][string] {
  return problem === undefined ? { status: 'ok' } : { status: 'degraded', message: problem };
}

function urlHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
