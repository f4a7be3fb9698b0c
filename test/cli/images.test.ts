import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { root, runCli } from '#test/runtime/local/harness/platform-process.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';

let temporary: TemporaryFolder;
let program = '';
beforeAll(() => {
  temporary = temporaryFolder();
  program = path.join(temporary.path, 'program.ts');
  const text = `
    import { Auth, McpServer, PlatformStack, ServersStack } from '${path.join(root, 'src/index.ts')}';
    const image = (name: string) => 'registry.example.org/' + name + ':1';
    export default (app: never) => {
      new PlatformStack(app, 'platform', {
        image: image('operator'),
        distributor: { image: image('distributor') },
        config: { gatewayImage: image('proxy') },
      });
      const stack = new ServersStack(app, 'team', { namespace: 'team-a' });
      for (const name of ['one', 'two']) new McpServer(stack, name, { image: image('server'), auth: Auth.header() });
    };`;
  writeFileSync(program, text);
});
afterAll(() => temporary.remove());

describe('mcp-runtime images', () => {
  it('lists every image once, with all that use it', async () => {
    const { code, output } = await runCli('images', program);
    expect([code, output]).toEqual([0, expect.any(String)]);
    const operator = 'apps/Deployment mcp-runtime/mcp-runtime-operator-controller-manager, manager';
    const distributor = 'apps/Deployment mcp-runtime/mcp-runtime-distributor, distributor';
    expect(output.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual([
      ['registry.example.org/distributor:1', distributor],
      ['registry.example.org/operator:1', operator],
      ['registry.example.org/proxy:1', `${distributor}, MCP_GATEWAY_PROXY_IMAGE`],
      [`${operator}, MCP_GATEWAY_PROXY_IMAGE`],
      ['registry.example.org/server:1', 'mcpruntime.org/MCPServer team-a/one'],
      ['mcpruntime.org/MCPServer team-a/two'],
      [''],
    ]);
  });

  it('prints JSON for tools', async () => {
    const { code, output } = await runCli('images', program, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(output)).toContainEqual({
      image: 'registry.example.org/server:1',
      uses: ['mcpruntime.org/MCPServer team-a/one', 'mcpruntime.org/MCPServer team-a/two'],
    });
  });

  it('ends with what is wrong with a program', async () => {
    expect(await runCli('images', 'missing.ts')).toEqual({
      code: 2,
      output: expect.stringContaining('missing.ts: there is no such program'),
    });
  });
});
