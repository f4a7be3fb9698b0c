// A program of any size: the platform, and teams of ten servers, each server with ten tools, a grant and a session.
import {
  Auth,
  BootstrapStack,
  McpServer,
  PlatformStack,
  ServersStack,
  SideEffect,
  Tool,
  ToolRule,
  Trust,
  type Program,
} from '@mcp-runtime/platform';

const serversPerTeam = 10;

const tools = Array.from({ length: 10 }, (_, i) =>
  i < 6 ? Tool.read(`read-${i}`) : i < 9 ? Tool.write(`write-${i}`) : Tool.destructive(`delete-${i}`),
);

function addServer(stack: ServersStack, i: number): void {
  const server = new McpServer(stack, `server-${i}`, {
    description: 'One of many',
    image: 'example.org/mcp/server:1.0.0',
    port: 3000,
    auth: Auth.header(),
    tools,
  });
  const subject = { human: `human-${i}`, agent: 'agent' };
  server.grant(`grant-${i}`, {
    subject,
    maxTrust: Trust.MEDIUM,
    sideEffects: [SideEffect.READ, SideEffect.WRITE],
    tools: ['read-0', 'read-1', 'write-6'].map((name) => ToolRule.allow(name)),
  });
  server.session(`session-${i}`, {
    subject,
    consentedTrust: Trust.MEDIUM,
    expiresAt: '9999-12-31T23:59:59Z',
  });
}

const imageOf = (name: string) => `example.org/mcp-runtime/${name}:1.0.0`;

/** Everything waits for its namespace, for the definitions and for the operator, as it does in a cluster. */
export function programOf(servers: number): Program {
  return (app) => {
    new BootstrapStack(app, 'bootstrap');
    new PlatformStack(app, 'platform', {
      image: imageOf('operator'),
      distributor: { image: imageOf('distributor') },
      config: { gatewayImage: imageOf('proxy') },
    });
    for (let first = 0; first < servers; first += serversPerTeam) {
      const team = `team-${first / serversPerTeam}`;
      const stack = new ServersStack(app, team, { namespace: team });
      for (let i = first; i < Math.min(servers, first + serversPerTeam); i += 1) addServer(stack, i);
    }
  };
}
