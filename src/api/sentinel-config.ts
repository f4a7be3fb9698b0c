// What whoever starts a sentinel has to set, and the file through which it learns its clients: the local platform,
// a chart, a test. The sentinel reads more than this (its own tuning, with defaults); that schema lives with it.
import { z } from 'zod';

export const SENTINEL_PORTS = {
  ingest: 8081,
  api: 8082,
} as const;

/** Environment of a sentinel. Every value is text; a missing optional one takes the default given here. */
export interface SentinelEnvironment {
  /** Folder of the log and the store; one sentinel at a time may use it. */
  readonly DATA_DIR: string;
  /** Port of `POST /events`. `0` takes a free one (the first line of the log says which). @default 8081 */
  readonly INGEST_PORT?: string;
  /** @default 127.0.0.1 */
  readonly INGEST_HOST?: string;
  /** File of `ingestKeys`; replaced atomically by whoever writes it, read again when it changes. One of this and INGEST_TOKENS is needed. */
  readonly INGEST_KEYS_FILE?: string;
  /** `kubernetes`: proxies present the token of their pod (audience `mcp-runtime-ingest`), which the API server reviews. @default none */
  readonly INGEST_TOKENS?: 'kubernetes';
  /** Port of the API and the console. @default 8082 */
  readonly API_PORT?: string;
  /** Anything but a loopback address needs `API_TOKEN`. @default 127.0.0.1 */
  readonly API_HOST?: string;
  /** Bearer token of the API, 16 characters or more. @default none: open to programs of this machine */
  readonly API_TOKEN?: string;
  /** Comma-separated Host names accepted besides loopback. @default none */
  readonly API_ALLOWED_HOSTS?: string;
  /** File of `inventory`. @default none: servers are known by their events only */
  readonly INVENTORY_FILE?: string;
  /** `kubernetes`: servers, grants and sessions are watched in the cluster instead. @default none */
  readonly INVENTORY?: 'kubernetes';
  /** Folder of the built console. @default none: the API serves no pages */
  readonly CONSOLE_DIR?: string;
  /** How long events are kept. @default 90 */
  readonly RETENTION_DAYS?: string;
  /** Bound of the log on disk; past it events are refused until the store has caught up. @default 2147483648 */
  readonly STREAM_MAX_BYTES?: string;
  /** Folder of backups, outside `DATA_DIR` and better on another volume. @default none: there are no backups */
  readonly BACKUP_DIR?: string;
  /** Time from one backup to the next, `24h`. @default none: they are made when somebody asks */
  readonly BACKUP_EVERY?: string;
  /** How many of its own backups the sentinel keeps. @default 7 */
  readonly BACKUP_RETAIN?: string;
  /** @default info */
  readonly LOG_LEVEL?: string;
}

const ingestKey = z.object({
  /** Sent as `x-api-key`. */
  key: z.string().min(16).max(512),
  /** The one server whose events this key may write. */
  namespace: z.string().min(1).max(253),
  server: z.string().min(1).max(253),
});

export const ingestKeys = z.array(ingestKey).max(100_000);

export type IngestKey = z.output<typeof ingestKey>;
