// Serves the built console from a folder: an index page and files whose names hold their content's hash. It knows no
// other paths and follows none.
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Hono } from 'hono';
import { errorCode } from '../errors.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

const NOT_BUILT =
  'The console is not here: set CONSOLE_DIR to the folder of its build. The API works without it.\n';

export function serveConsole(app: Hono, folder: string | undefined): void {
  app.get('/', async (context) => {
    const page = folder === undefined ? undefined : await readIfAny(path.join(folder, 'index.html'));
    if (page === undefined) return context.text(NOT_BUILT, 404);
    return context.body(page, 200, { 'content-type': TYPES['.html'] ?? '', 'cache-control': 'no-cache' });
  });
  app.get('/assets/:name{[A-Za-z0-9_-]+\\.(?:js|css|svg)}', async (context) => {
    const name = context.req.param('name');
    const file = folder === undefined ? undefined : await readIfAny(path.join(folder, 'assets', name));
    if (file === undefined) return context.notFound();
    return context.body(file, 200, {
      'content-type': TYPES[path.extname(name)] ?? 'application/octet-stream',
      'cache-control': 'public, max-age=31536000, immutable',
    });
  });
}

async function readIfAny(file: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    return new Uint8Array(await readFile(file));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
