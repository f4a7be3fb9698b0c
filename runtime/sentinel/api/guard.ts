// Who may ask the API anything: requests for our own name, from our own pages or no page at all, with the token
// where one is set. A web page that a DNS trick points at this address has neither name nor origin of ours.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import { SENTINEL_PATHS } from '#api/sentinel-api.ts';

export const SESSION_COOKIE = 'mcp_sentinel';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];
const OPEN_PATHS: readonly string[] = [SENTINEL_PATHS.health, SENTINEL_PATHS.ready, SENTINEL_PATHS.session];

export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

export interface GuardOptions {
  readonly token: string | undefined;
  /** Host names accepted besides loopback. */
  readonly allowedHosts: readonly string[];
}

export function refuse(
  context: Context,
  status: 400 | 401 | 403 | 404 | 405 | 409 | 503,
  code: string,
  message: string,
) {
  return context.json({ error: { code, message } }, status);
}

/** Host and Origin. */
export function guardNames({ allowedHosts }: GuardOptions): MiddlewareHandler {
  const names = new Set([...LOOPBACK_NAMES, ...allowedHosts].map((name) => name.toLowerCase()));
  return async (context, next) => {
    const host = context.req.header('host')?.toLowerCase() ?? '';
    if (!names.has(host.replace(/:\d+$/, ''))) {
      return refuse(
        context,
        403,
        'host_not_allowed',
        'This name is not one of the sentinel; see API_ALLOWED_HOSTS.',
      );
    }
    const origin = context.req.header('origin')?.toLowerCase();
    if (origin !== undefined && origin !== `http://${host}` && origin !== `https://${host}`) {
      return refuse(
        context,
        403,
        'origin_not_allowed',
        'Only the pages of the sentinel itself may ask here.',
      );
    }
    await next();
    return undefined;
  };
}

/** The token, as a bearer or as the cookie that the console got for it. Pages themselves hold nothing secret. */
export function guardToken({ token }: GuardOptions): MiddlewareHandler {
  return async (context, next) => {
    const { path } = context.req;
    const isOpen = !isProtected(path) || OPEN_PATHS.includes(path);
    if (token === undefined || isOpen || isAuthorised(context, token)) {
      await next();
      return undefined;
    }
    context.header('www-authenticate', 'Bearer');
    return refuse(context, 401, 'unauthorized', 'Send API_TOKEN as a bearer token.');
  };
}

export function isAuthorised(context: Context, token: string): boolean {
  const bearer = /^Bearer (.+)$/.exec(context.req.header('authorization') ?? '')?.[1];
  if (bearer !== undefined) return sameText(bearer, token);
  return sameText(getCookie(context, SESSION_COOKIE) ?? '', cookieFor(token));
}

/** Proof of the token that is of no use outside the console's cookie. */
export function cookieFor(token: string): string {
  return createHash('sha256').update(`console ${token}`).digest('hex');
}

export function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function isProtected(path: string): boolean {
  return path.startsWith('/api/') || path === SENTINEL_PATHS.metrics;
}
