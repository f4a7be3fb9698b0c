import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { World } from './harness/world.ts';

let world: World;
afterEach(() => world.close());

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

describe('pages', () => {
  it('are on both listeners, without Host check, and metrics on the side one alone', async () => {
    world = await World.start();
    const main = (page: string) =>
      world.send('GET', '', { host: '10.1.2.3:8091' }, `http://127.0.0.1:${world.proxy.port}${page}`);
    for (const page of ['/health', '/ready', '/config/status']) {
      expect([page, (await main(page)).status, (await world.page(page)).status]).toEqual([page, 200, 200]);
    }
    expect((await main('/metrics')).status).toBe(403);
    expect((await world.page('/metrics')).status).toBe(200);
    expect(world.received).toEqual([]);
  });

  it('say that a server which accepts no connections is not ready, and that it is when it does', async () => {
    const port = await freePort();
    world = await World.start({ env: { UPSTREAM_URL: `http://127.0.0.1:${port}` } });
    const unready = { status: 503, text: expect.stringContaining('"reason":"upstream_unavailable"') };
    expect(await world.page('/ready')).toMatchObject(unready);
    expect((await world.page('/health')).status).toBe(200);
    expect(JSON.parse((await world.page('/config/status')).text)).toMatchObject({ ready: false });
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    expect((await world.page('/ready')).status).toBe(200);
    server.close();
    expect(await world.page('/ready')).toMatchObject(unready);
  });

  it('of status tell revision and inputs, and nothing else of the policy', async () => {
    world = await World.start();
    const { text } = await world.page('/config/status');
    expect(JSON.parse(text)).toMatchObject({
      ready: true,
      schema_version: 'mcpruntime.org/policy.v1',
      revision: expect.stringMatching(/^sha256:/),
      inputs: { servers: '1', grants: '1', sessions: '1', tombstones: '1' },
      epoch: 0,
      last_reload_error: null,
      audit: 'on',
    });
    expect(text).not.toContain('user-1');
  });
});

describe('metrics', () => {
  it('count requests by known words only', async () => {
    world = await World.start();
    await world.call('read_note');
    await world.call('add_note');
    await world.post({ jsonrpc: '2.0', id: 1, method: 'made/up-by-the-caller' });
    await world.send('BREW', '', {}).catch(() => undefined);
    const { text } = await world.page('/metrics');
    expect(text).toMatch(
      /mcp_gateway_requests_total\{method="POST",rpc_method="tools\/call",decision="allow",status="200",[^}]*\} 1/,
    );
    expect(text).toMatch(
      /mcp_gateway_policy_decisions_total\{decision="deny",reason="trust_too_low",rpc_method="tools\/call",[^}]*\} 1/,
    );
    expect(text).toMatch(
      /mcp_gateway_requests_total\{method="POST",rpc_method="other",decision="deny",status="200"/,
    );
    expect(text).toMatch(
      /mcp_gateway_request_duration_seconds_count\{method="POST",rpc_method="tools\/call",decision="allow",status="200"[^}]*\} 1/,
    );
    expect(text).toMatch(
      /mcp_gateway_policy_active_revision_info\{revision="sha256:\w+",schema_version="mcpruntime.org\/policy.v1"/,
    );
    for (const word of ['user-1', 'agent-1', 'read_note', 'made/up', 'BREW'])
      expect(text).not.toContain(word);
  });
});
