// Canaries: one secret in every place that a caller or a server can put one, and none of them anywhere but there.
import { afterEach, describe, expect, it } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { USER_1, policyContent } from '../harness/policy.ts';
import { rawRequest, exchangeBytes } from '../harness/raw.ts';
import { World } from '../harness/world.ts';

let world: World;
afterEach(() => world.close());

/** Every file below a folder. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return Promise.all(files.map(({ parentPath, name }) => readFile(path.join(parentPath, name), 'latin1')));
}

const callOf = (args: object) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name: 'delete_note', arguments: args, _meta: { note: 'canary-meta' } },
});

describe('a secret', () => {
  it('of a caller or a server is in no event, spool, log, page or metric', async () => {
    const content = policyContent();
    world = await World.start({
      // An ingest that takes nothing: what the spool holds stays there.
      env: { MAX_BODY_BYTES: '5000', ANALYTICS_API_KEY: 'canary-ingest-key' },
      policy: {
        auth: { ...content.auth, tokenHeader: 'X-Token' },
        audit: { ...content.audit, durability: 'strict', arguments: 'digest' },
        subjects: content.subjects.map((record) => ({
          ...record,
          rules: record.rules.map((rule) => ({
            ...rule,
            allow: rule.allow.map((entry) => ({ ...entry, condition: 'args.a == 1' })),
          })),
        })),
      },
      upstream: (request, response) => {
        request.resume();
        request.on('end', () => {
          const headers = {
            'set-cookie': 'canary-cookie',
            'x-answer': 'canary-answer',
            'content-type': 'text/html',
          };
          response.writeHead(request.url?.includes('html') === true ? 200 : 500, headers);
          response.end('canary-page');
        });
      },
    });
    world.ingest.answer = () => 503;
    const headers = {
      ...USER_1,
      authorization: 'Bearer canary-token',
      'x-token': 'canary-identity-token',
      cookie: 'id=canary-client-cookie',
      'x-api-key': 'canary-key',
      'mcp-param-a': 'canary-param',
      traceparent: 'canary-trace',
      tracestate: 'canary=state',
      baggage: 'canary=baggage',
      'user-agent': 'canary-agent',
    };
    const url = `${world.url}?token=canary-query`;
    const json = { ...headers, 'content-type': 'application/json' };
    const args = { a: 1, password: 'canary-argument' };
    await world.send('POST', JSON.stringify(callOf(args)), json, url);
    await world.send('POST', JSON.stringify(callOf(args)), json, `${url}&html`);
    await world.send('POST', JSON.stringify(callOf({ ...args, a: 2 })), json, url);
    await world.send('POST', '{"canary-key": canary-garbage', json, url);
    await world.send('POST', '{"jsonrpc":"2.0","canary":1,"canary":2}', json, url);
    await world.send('POST', 'canary-body'.repeat(1000), json, url);
    await world.send('POST', 'canary-text', { ...headers, 'content-type': 'text/canary' }, url);
    await exchangeBytes(world.proxy.port, rawRequest({ headers: ['canary-header'] }));
    await exchangeBytes(world.proxy.port, 'canary-line\r\n\r\n');
    await world.until(() => world.ingest.offered.flat().length > 0);
    const spool = path.join(world.folder, 'state/spool');
    await world.until(async () => (await filesIn(spool)).join('').split('\n').length > 9);

    const pages = await Promise.all(['/metrics', '/config/status', '/ready'].map((page) => world.page(page)));
    const everything = [
      ...(await filesIn(path.join(world.folder, 'state'))),
      ...world.logLines,
      ...pages.map(({ text }) => text),
      JSON.stringify(world.ingest.offered),
    ].join('\n');
    expect(everything).toContain('delete_note');
    expect(everything).toContain('"arguments_digest":"own:');
    expect(everything.match(/canary[-\w]*/g) ?? []).toEqual([]);
  });
});
