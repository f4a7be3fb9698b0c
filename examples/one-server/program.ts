// One server in a cluster that has the platform: its image, its tools, and who may use them.
import { Auth, McpServer, ServersStack, SideEffect, Tool, Trust, type App } from '@mcp-runtime/platform';

export default function oneServer(app: App): void {
  const stack = new ServersStack(app, 'weather', { namespace: 'weather' });

  const forecast = new McpServer(stack, 'forecast', {
    description: 'Weather of the next days',
    image: 'registry.example.org/weather/forecast:2.0.1',
    port: 8080,
    auth: Auth.oauth({ issuerUrl: 'https://login.example.org', audience: 'forecast' }),
    session: { required: false },
    tools: [Tool.read('today'), Tool.read('week'), Tool.write('subscribe')],
  });

  forecast.grant('office', {
    subject: { team: 'office' },
    maxTrust: Trust.LOW,
    sideEffects: [SideEffect.READ],
  });
}
