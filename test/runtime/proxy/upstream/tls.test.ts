// A server behind TLS: what the proxy says of it when it fails. How its answers pass is tested with those of other servers.
import { afterEach, describe, expect, it } from '@jest/globals';
import type http from 'node:http';
import type { TlsFault } from '../harness/tls-server.ts';
import { World, type WorldOptions } from '../harness/world.ts';

let world: World;
afterEach(() => world.close());

const start = async (options: WorldOptions): Promise<World> =>
  (world = await World.start({ scheme: 'https', ...options }));

const NOT_MADE = { decision: 'allow', reason: 'upstream_unavailable', outcome: 'none' };

describe('a server behind TLS', () => {
  it.each<TlsFault>(['of a stranger', 'for another name', 'that is over'])(
    'with a certificate %s is unavailable: nothing is sent there',
    async (tlsFault) => {
      await start({ tlsFault });
      expect((await world.call('read_note')).json.error?.data?.reason).toBe('upstream_unavailable');
      expect(await world.audit(1)).toMatchObject([NOT_MADE]);
      expect(world.received).toEqual([]);
      expect(world.logLines.join('\n')).toMatch(/certificate|altnames/i);
    },
  );

  it('that is not there is unavailable', async () => {
    await start({ env: { UPSTREAM_URL: 'https://localhost:1' } });
    expect((await world.call('read_note')).json.error?.data?.reason).toBe('upstream_unavailable');
    expect(await world.audit(1)).toMatchObject([NOT_MADE]);
  });

  it.each<[string, string, Readonly<Record<string, string>>, (response: http.ServerResponse) => void]>([
    ['breaks off', 'upstream_lost', {}, (response) => response.destroy()],
    [
      'breaks off its answer',
      'upstream_lost',
      {},
      (response) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 });
        response.write('{', () => response.destroy());
      },
    ],
    ['does not answer', 'upstream_timeout', { UPSTREAM_TIMEOUT_MS: '50' }, () => undefined],
  ])('that %s has an unknown outcome, and is not asked again', async (_what, reason, env, act) => {
    await start({
      env,
      upstream: (request, response) => {
        request.resume().on('end', () => act(response));
      },
    });
    expect((await world.call('read_note')).json.error?.data?.reason).toBe(reason);
    expect(await world.audit(1)).toMatchObject([{ decision: 'allow', reason, outcome: 'unknown' }]);
    expect(world.received).toHaveLength(1);
  });
});
