import { describe, expect, it } from '@jest/globals';
import { SENTINEL_PATHS } from '#api/sentinel-api.ts';
import { systemClock } from '#runtime/process/clock.ts';
import { silentLog } from '#runtime/process/log.ts';
import { createRegistry } from '#runtime/process/metrics.ts';
import { createApi } from '#runtime/sentinel/api/api.ts';
import { FileInventory } from '#runtime/sentinel/api/inventory-source.ts';
import { LiveFeed } from '#runtime/sentinel/api/live-feed.ts';
import { readSentinelConfig } from '#runtime/sentinel/sentinel-config.ts';
import { openEmbeddedLog } from '#runtime/sentinel/stream/embedded-log.ts';
import { MemoryDisk } from '../stream/memory-files.ts';

const TOKEN = 'a-token-of-some-length';

async function apiWith(token: string | undefined, allowedHosts: readonly string[] = []) {
  const stream = await openEmbeddedLog({ files: new MemoryDisk().files, log: silentLog });
  const app = createApi({
    store: () => undefined,
    pending: () => 0,
    inventory: new FileInventory(undefined, systemClock),
    feed: new LiveFeed(stream),
    health: () => ({
      status: 'degraded',
      components: { store: { status: 'degraded', message: 'away' } },
      pending: 0,
    }),
    isReady: () => true,
    backups: undefined,
    registry: createRegistry(),
    consoleDir: undefined,
    token,
    allowedHosts,
    clock: systemClock,
    log: silentLog,
  });
  return async (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
    app.request(path, { ...init, headers: { host: '127.0.0.1:8082', ...headers } });
}

describe('the API', () => {
  it('answers to its own names only, so that a page with a forged name learns nothing', async () => {
    const ask = await apiWith(undefined, ['console.example.org']);
    for (const host of ['127.0.0.1:1', 'localhost', '[::1]:8082', 'LOCALHOST:2', 'console.example.org']) {
      expect((await ask(SENTINEL_PATHS.servers, { host })).status).toBe(200);
    }
    for (const host of ['', 'evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:80']) {
      expect((await ask(SENTINEL_PATHS.servers, { host })).status).toBe(403);
    }
  });

  it('refuses pages of other origins, and pages without one', async () => {
    const ask = await apiWith(undefined);
    expect((await ask(SENTINEL_PATHS.servers, { origin: 'http://127.0.0.1:8082' })).status).toBe(200);
    for (const origin of ['null', 'http://127.0.0.1:9999', 'http://evil.example', 'file://']) {
      expect((await ask(SENTINEL_PATHS.servers, { origin })).status).toBe(403);
    }
  });

  it('asks for its token where one is set, except for health, readiness and the pages', async () => {
    const ask = await apiWith(TOKEN);
    for (const path of [
      SENTINEL_PATHS.servers,
      SENTINEL_PATHS.decisionStream,
      SENTINEL_PATHS.metrics,
      '/api/v1/else',
    ]) {
      expect((await ask(path)).status).toBe(401);
      expect((await ask(path, { authorization: `Bearer ${TOKEN}x` })).status).toBe(401);
    }
    expect((await ask(SENTINEL_PATHS.servers, { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
    expect((await ask(SENTINEL_PATHS.health)).status).toBe(200);
    expect((await ask(SENTINEL_PATHS.ready)).status).toBe(200);
  });

  it('gives the console a cookie for the token, which no script can read and no other site can send', async () => {
    const ask = await apiWith(TOKEN);
    const sign = (body: string) => ask(SENTINEL_PATHS.session, {}, { method: 'POST', body });
    for (const body of ['', '{}', '{"token":"wrong"}', 'x'.repeat(5000)])
      expect((await sign(body)).status).toBe(401);
    const signed = await sign(JSON.stringify({ token: TOKEN }));
    const cookie = signed.headers.get('set-cookie') ?? '';
    expect(signed.status).toBe(200);
    expect(cookie).toContain('HttpOnly');
    expect(cookie).toContain('SameSite=Strict');
    expect(cookie).not.toContain(TOKEN);
    expect((await ask(SENTINEL_PATHS.servers, { cookie: cookie.split(';', 1)[0] ?? '' })).status).toBe(200);
    expect((await ask(SENTINEL_PATHS.servers, { cookie: 'mcp_sentinel=forged' })).status).toBe(401);
  });

  it('sends every answer with headers that keep foreign scripts, frames and caches away', async () => {
    const ask = await apiWith(undefined);
    for (const path of ['/', SENTINEL_PATHS.servers, '/api/v1/else']) {
      const { headers } = await ask(path);
      expect(headers.get('content-security-policy')).toContain("script-src 'self'");
      expect(headers.get('content-security-policy')).not.toContain('unsafe');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
    }
  });

  it('says why while the store is away, and what is wrong with a query', async () => {
    const ask = await apiWith(undefined);
    const away = await ask(SENTINEL_PATHS.decisions);
    expect([away.status, away.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await away.json()).toEqual({ error: { code: 'store_unavailable', message: 'away' } });
    for (const query of [
      'limit=0',
      'limit=1e9',
      'decision=maybe',
      'since=yesterday',
      'unknown=1',
      'server=',
    ]) {
      const response = await ask(`${SENTINEL_PATHS.decisions}?${query}`);
      expect([query, response.status]).toEqual([query, 400]);
    }
  });

  it('serves no file outside the console folder', async () => {
    const ask = await apiWith(undefined);
    for (const path of [
      '/assets/..%2f..%2fpackage.json',
      '/assets/../package.json',
      '/package.json',
      '/assets/.sources',
    ]) {
      expect((await ask(path)).status).toBe(404);
    }
  });
});

describe('the configuration', () => {
  const needed = { DATA_DIR: '/tmp/x', INGEST_KEYS_FILE: '/tmp/keys.json' };

  it('does not open the API to other machines without a token', () => {
    for (const API_HOST of ['0.0.0.0', '::', '10.0.0.5', 'example.org', '127.0.0.1.example.org']) {
      const refused = readSentinelConfig({ ...needed, API_HOST });
      expect(refused).toMatchObject({ ok: false, problems: [{ variable: 'API_HOST' }] });
      expect(readSentinelConfig({ ...needed, API_HOST, API_TOKEN: TOKEN }).ok).toBe(true);
    }
    for (const API_HOST of ['127.0.0.1', '127.8.9.1', '::1', 'localhost']) {
      expect(readSentinelConfig({ ...needed, API_HOST }).ok).toBe(true);
    }
  });

  it('names each variable that is missing or wrong, and never a secret', () => {
    const refused = readSentinelConfig({ API_TOKEN: 'short-secret', RETENTION_DAYS: '0' });
    const text = JSON.stringify(refused);
    for (const name of ['DATA_DIR', 'API_TOKEN', 'RETENTION_DAYS']) expect(text).toContain(name);
    expect(text).not.toContain('short-secret');
  });
});
