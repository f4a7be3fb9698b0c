// The sentinel's HTTP API: questions about what was recorded, and the console's files. It never changes a record;
// every input is parsed, every answer has the shape that src/api/sentinel-api.ts promises.
import type { Context } from 'hono';
import { Hono } from 'hono';
import { setCookie } from 'hono/cookie';
import { streamSSE } from 'hono/streaming';
import type { SSEStreamingApi } from 'hono/streaming';
import { z } from 'zod';
import type { HealthReport } from '#api/sentinel-api.ts';
import {
  decisionQuery,
  eventQuery,
  LIVE_MESSAGES,
  SENTINEL_PATHS,
  streamQuery,
  summaryQuery,
} from '#api/sentinel-api.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { Log } from '#runtime/process/log.ts';
import type { Registry } from '#runtime/process/metrics.ts';
import { BackupError } from '../backup/backup-error.ts';
import type { Backups } from '../backup/backups.ts';
import type { EventStore } from '../store/event-store.ts';
import { PositionError } from '../store/position.ts';
import {
  accessListOf,
  chainListOf,
  decisionPageOf,
  eventPageOf,
  serverListOf,
  summaryOf,
} from './answers.ts';
import { serveConsole } from './console-files.ts';
import type { GuardOptions } from './guard.ts';
import {
  cookieFor,
  guardNames,
  guardToken,
  isAuthorised,
  refuse,
  sameText,
  SESSION_COOKIE,
} from './guard.ts';
import type { InventorySource } from './inventory-source.ts';
import type { LiveFeed, Watcher } from './live-feed.ts';
import { securityHeaders } from './security-headers.ts';

export interface ApiDeps extends GuardOptions {
  /** `undefined` while the store isn't open. */
  readonly store: () => EventStore | undefined;
  readonly pending: () => number;
  readonly inventory: InventorySource;
  readonly feed: LiveFeed;
  readonly health: () => HealthReport;
  /** Whether events are taken right now. */
  readonly isReady: () => boolean;
  readonly registry: Registry;
  /** `undefined` where no folder for them was given. */
  readonly backups: Backups | undefined;
  readonly consoleDir: string | undefined;
  readonly clock: Clock;
  readonly log: Log;
}

const HEARTBEAT_MS = 15_000;
/** The live stream tells what came together, not more often than a person sees. */
const LIVE_GATHER_MS = 100;
const SESSION_SECONDS = 8 * 3600;

export function createApi(deps: ApiDeps): Hono {
  const app = new Hono();
  app.use(securityHeaders(), guardNames(deps), guardToken(deps));
  app.onError((error, context) => answerError(deps, error, context));
  app.notFound((context) => refuse(context, 404, 'not_found', 'There is nothing here.'));
  addPages(app, deps);
  addAnswers(app, deps);
  addStream(app, deps);
  addBackups(app, deps);
  addSession(app, deps);
  serveConsole(app, deps.consoleDir);
  return app;
}

function addPages(app: Hono, deps: ApiDeps): void {
  app.get(SENTINEL_PATHS.health, (context) => context.json(deps.health()));
  app.get(SENTINEL_PATHS.ready, (context) => {
    const report = deps.health();
    return context.json(report, deps.isReady() ? 200 : 503);
  });
  app.get(SENTINEL_PATHS.metrics, async (context) =>
    context.body(await deps.registry.metrics(), 200, { 'content-type': deps.registry.contentType }),
  );
}

function addAnswers(app: Hono, deps: ApiDeps): void {
  app.get(SENTINEL_PATHS.servers, async (context) => {
    const inventory = await deps.inventory.current();
    return context.json(
      await serverListOf(deps.store(), inventory, deps.inventory.problem, deps.clock.nowMs()),
    );
  });
  app.get(SENTINEL_PATHS.access, async (context) =>
    context.json(accessListOf(await deps.inventory.current(), deps.inventory.problem)),
  );
  app.get(SENTINEL_PATHS.decisions, async (context) => {
    const query = decisionQuery.parse(context.req.query());
    return context.json(await decisionPageOf(openStore(deps), query, deps.pending()));
  });
  app.get(SENTINEL_PATHS.events, async (context) => {
    const query = eventQuery.parse(context.req.query());
    return context.json(await eventPageOf(openStore(deps), query, deps.pending()));
  });
  app.get(SENTINEL_PATHS.summary, async (context) => {
    const query = summaryQuery.parse(context.req.query());
    return context.json(await summaryOf(openStore(deps), query, deps.clock.nowMs(), deps.pending()));
  });
}

function addStream(app: Hono, deps: ApiDeps): void {
  app.get(SENTINEL_PATHS.decisionStream, (context) => {
    const watcher = deps.feed.watch(streamQuery.parse(context.req.query()));
    if (watcher === undefined) {
      context.header('retry-after', '10');
      return refuse(context, 503, 'too_many_watchers', 'Too many live streams are open; close one.');
    }
    context.header('x-accel-buffering', 'no');
    return streamSSE(context, (stream) => tell(stream, watcher));
  });
}

async function tell(stream: SSEStreamingApi, watcher: Watcher): Promise<void> {
  stream.onAbort(() => watcher.close());
  await stream.write(': connected\n\n');
  while (!stream.aborted) {
    const message = await watcher.next(HEARTBEAT_MS);
    if (message === undefined) break;
    switch (message.kind) {
      case 'heartbeat':
        await stream.write(': heartbeat\n\n');
        break;
      case 'inventory':
        await stream.writeSSE({ event: LIVE_MESSAGES.inventory, data: '{}' });
        break;
      case 'decisions':
        await stream.writeSSE({ event: LIVE_MESSAGES.decisions, data: JSON.stringify(message.data) });
        await stream.sleep(LIVE_GATHER_MS);
        break;
    }
  }
  watcher.close();
}

/** Making one is the only thing that a client may have done here. */
function addBackups(app: Hono, deps: ApiDeps): void {
  const backups = (): Backups => {
    if (deps.backups !== undefined) return deps.backups;
    throw new BackupError('backups_off', 'This sentinel has no folder for backups: set BACKUP_DIR.');
  };
  app.get(SENTINEL_PATHS.backups, async (context) => context.json(await backups().list()));
  app.post(SENTINEL_PATHS.backups, (context) => context.json({ name: backups().begin() }, 202));
  app.get(SENTINEL_PATHS.chains, async (context) =>
    context.json(await chainListOf(openStore(deps), deps.pending())),
  );
}

const sessionRequest = z.strictObject({ token: z.string().min(1).max(512) });

/** The console's own way in: it gives the token once and keeps a cookie that no script can read. */
function addSession(app: Hono, { token }: ApiDeps): void {
  app.get(SENTINEL_PATHS.session, (context) =>
    context.json({ authorised: token === undefined || isAuthorised(context, token) }),
  );
  app.post(SENTINEL_PATHS.session, async (context) => {
    const body = await context.req.text();
    const given = body.length <= 1024 ? sessionRequest.safeParse(jsonOf(body)) : undefined;
    if (token !== undefined && given?.success === true && sameText(given.data.token, token)) {
      setCookie(context, SESSION_COOKIE, cookieFor(token), {
        httpOnly: true,
        sameSite: 'Strict',
        path: '/',
        maxAge: SESSION_SECONDS,
      });
      return context.json({ authorised: true });
    }
    return refuse(context, 401, 'unauthorized', 'This is not the token of this sentinel.');
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

class StoreAway extends Error {}

function openStore(deps: ApiDeps): EventStore {
  const store = deps.store();
  if (store === undefined) throw new StoreAway();
  return store;
}

function answerError(deps: ApiDeps, error: Error, context: Context) {
  if (error instanceof z.ZodError || error instanceof PositionError) {
    const message = error instanceof z.ZodError ? queryProblem(error) : error.message;
    return refuse(context, 400, 'invalid_query', message);
  }
  if (error instanceof BackupError) return refuse(context, 409, error.code, error.message);
  if (error instanceof StoreAway) {
    context.header('retry-after', '5');
    const problem = deps.health().components['store']?.message ?? 'It is not open yet.';
    return refuse(context, 503, 'store_unavailable', problem);
  }
  deps.log.error({ error, path: context.req.path }, 'A question to the API could not be answered.');
  return refuse(context, 503, 'failed', 'The answer could not be made; see the log of the sentinel.');
}

function queryProblem(error: z.ZodError): string {
  const issue = error.issues[0];
  const name = issue?.path.map(String).join('.') ?? '';
  return name === '' ? (issue?.message ?? 'The query is not valid.') : `${name}: ${issue?.message ?? ''}`;
}
