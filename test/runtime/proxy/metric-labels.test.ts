// Labels are words that are known beforehand: whatever callers and servers say, no word of theirs becomes one, and the
// number of series stops to grow.
import { afterEach, describe, expect, it } from '@jest/globals';
import { AUDIT_DECISIONS } from '#api/audit-event.ts';
import { REASONS } from '#api/reasons.ts';
import { USER_1, policyContent } from './harness/policy.ts';
import { exchangeBytes, rawRequest } from './harness/raw.ts';
import { World } from './harness/world.ts';

let world: World;
afterEach(() => world.close());

const HTTP_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS', 'OTHER'];

/** What each label may say. */
const WORDS: Readonly<Record<string, (value: string) => boolean>> = {
  method: (value) => HTTP_METHODS.includes(value),
  rpc_method: (value) => ['none', 'other', 'initialize', 'ping', 'tools/call', 'tools/list'].includes(value),
  decision: (value) => AUDIT_DECISIONS.some((decision) => decision === value),
  status: (value) =>
    /^(0|[1-5]xx|2(00|02|04)|4(00|01|03|04|05|08|09|10|13|15|22|29|31|99)|50[0-4])$/.test(value),
  reason: (value) => Object.hasOwn(REASONS, value),
  result: (value) => ['success', 'error', 'recorded', 'lost', 'delivered', 'refused'].includes(value),
  of: (value) => ['requests', 'answers'].includes(value),
  state: (value) => ['known', 'connected'].includes(value),
  le: (value) => value === '+Inf' || Number.isFinite(Number(value)),
  revision: (value) => /^sha256:[0-9a-f]{64}$/.test(value),
  schema_version: (value) => value === 'mcpruntime.org/policy.v1',
  server: (value) => value === 'notes',
  namespace: (value) => value === 'team-a',
  cluster: (value) => value === 'local',
};

/** Each series as its labels say it. */
async function seriesOf(): Promise<readonly string[]> {
  const { text } = await world.page('/metrics');
  return text.split('\n').flatMap((line) => /^(\w+(?:\{.*\})?) \S+$/.exec(line)?.[1] ?? []);
}

function foreignWords(series: readonly string[]): readonly string[] {
  const labels = series.flatMap((one) => [...one.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)]);
  return labels.flatMap(([text, name = '', value = '']) => (WORDS[name]?.(value) === true ? [] : [text]));
}

/** Every way in which a caller or a server can bring a word, with words that differ each time. */
async function everythingWith(word: string): Promise<void> {
  const headers = {
    'x-mcp-human-id': `human-${word}`,
    'x-mcp-agent-id': `agent-${word}`,
    'x-mcp-team-id': `team-${word}`,
    'x-mcp-agent-session': `session-${word}`,
    'mcp-session-id': `mcp-${word}`,
    'user-agent': word,
  };
  const clientInfo = { name: word, version: word };
  const initialize = { protocolVersion: word, clientInfo };
  await world.call(word, headers);
  await world.call(word, USER_1);
  await world.post({ jsonrpc: '2.0', id: word, method: `made/${word}` }, headers);
  await world.post({ jsonrpc: '2.0', id: word, method: `made/${word}` });
  await world.post({ jsonrpc: '2.0', id: word, method: 'initialize', params: initialize });
  await world.post({ jsonrpc: '2.0', method: `notifications/${word}` });
  await world.send('GET', '', { ...USER_1, accept: 'text/event-stream' }, `${world.url}/${word}?${word}`);
  for (const method of ['PUT', 'BREW', 'PROPFIND']) {
    await exchangeBytes(world.proxy.port, rawRequest({ line: `${method} /${word} HTTP/1.1` }));
  }
  await exchangeBytes(
    world.proxy.port,
    rawRequest({ without: ['Host'], headers: [`Host: ${word}.example`] }),
  );
  await exchangeBytes(world.proxy.port, `${word} ${word}\r\n\r\n`);
}

describe('metrics', () => {
  it('have no word of a caller in a label, and no more series for more words', async () => {
    world = await World.start({ policy: { policy: { ...policyContent().policy, mode: 'observe' } } });
    const words = (start: string) => [`${start}-word`, `${start}"word`, `${start}\\word`];
    for (const word of words('first')) await everythingWith(word);
    const before = await seriesOf();
    expect(foreignWords(before)).toEqual([]);
    for (const word of [...words('second'), ...words('third')]) await everythingWith(word);
    expect((await seriesOf()).toSorted()).toEqual(before.toSorted());
  });

  it('have few words for the hundreds of statuses that a server can answer with', async () => {
    let status = 400;
    world = await World.start({
      upstream: (request, response) => {
        request.resume();
        response.writeHead(status, { 'x-status': String(status), 'content-type': 'text/plain' }).end('no');
        status += 1;
      },
    });
    while (status < 600) await world.call('read_note');
    const series = await seriesOf();
    expect(foreignWords(series)).toEqual([]);
    const requests = series.filter((one) => one.startsWith('mcp_gateway_requests_total'));
    expect(requests.length).toBeGreaterThan(10);
    expect(requests.length).toBeLessThan(30);
  });
});
