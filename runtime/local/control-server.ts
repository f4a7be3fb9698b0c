// The way for the CLI to ask a running platform. On loopback only, with a token that is in a file of this user alone.
// A web page can reach loopback too, by its own origin or by a name that it made resolve there: hence the checks of
// Origin and Host before anything else.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import http from 'node:http';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { rm } from 'node:fs/promises';
import type { ObjectRef } from '#api/principal.ts';
import type { Result } from '#api/result.ts';
import type { PlatformStatus } from './platform-status.ts';
import { writeJson } from './state-dir.ts';
import type { Trouble } from './trouble.ts';

export interface RevokeOutcome {
  readonly session: ObjectRef;
  readonly revokedAt: string;
  /** Whether the server's proxy said that it enforces the policy that holds the revocation. */
  readonly enforced: boolean;
}

/** What the endpoint lets its callers do. */
export interface ControlActions {
  readonly status: () => PlatformStatus;
  readonly revoke: (session: ObjectRef) => Promise<Result<RevokeOutcome, Trouble>>;
}

export interface ControlServer {
  readonly url: string;
  readonly close: () => Promise<void>;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function routes(actions: ControlActions, token: string, hosts: () => readonly string[]): Hono {
  const expected = digest(`Bearer ${token}`);
  const app = new Hono();
  app.use(async (context, next) => {
    const host = context.req.header('host');
    if (host === undefined || !hosts().includes(host))
      return context.json({ error: 'host_not_allowed' }, 403);
    if (context.req.header('origin') !== undefined) return context.json({ error: 'origin_not_allowed' }, 403);
    // Digests have one length, so the comparison says nothing about the token, its length included.
    if (!timingSafeEqual(digest(context.req.header('authorization') ?? ''), expected)) {
      return context.json({ error: 'token_required' }, 401);
    }
    await next();
    context.header('cache-control', 'no-store');
    return undefined;
  });
  app.get('/v1/status', (context) => context.json(actions.status()));
  app.post('/v1/sessions/:namespace/:name/revoke', async (context) => {
    const { namespace, name } = context.req.param();
    const outcome = await actions.revoke({ namespace, name });
    return outcome.ok ? context.json(outcome.value) : context.json({ trouble: outcome.error }, 404);
  });
  app.notFound((context) => context.json({ error: 'not_found' }, 404));
  app.onError((_error, context) => context.json({ error: 'internal_error' }, 500));
  return app;
}

/** Listens on a free port of loopback and leaves URL and token in `file`, readable by this user alone. */
export async function openControl(actions: ControlActions, file: string): Promise<ControlServer> {
  const token = randomBytes(32).toString('base64url');
  let port = 0;
  const app = routes(actions, token, () => [`127.0.0.1:${port}`, `localhost:${port}`]);
  const server = await new Promise<http.Server>((resolve, reject) => {
    const listening = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }, (address) => {
      port = address.port;
      if (listening instanceof http.Server) resolve(listening);
    });
    listening.once('error', reject);
  });
  const url = `http://127.0.0.1:${port}`;
  await writeJson(file, { url, token, pid: process.pid });
  return {
    url,
    close: async () => {
      await rm(file, { force: true });
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}
