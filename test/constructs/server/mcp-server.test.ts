import { describe, expect, it } from '@jest/globals';
import { App, Chart } from 'cdk8s';
import { z } from 'zod';
import { Auth } from '#constructs/server/auth.ts';
import { Gateway } from '#constructs/server/gateway.ts';
import { localCommandOf } from '#constructs/server/local-command.ts';
import { GATEWAY_OFF_REASON, McpServer } from '#constructs/server/mcp-server.ts';
import { Tool } from '#constructs/server/tool.ts';
import { aChart, aServer, grantProps, manifestOfKind, manifestsOf, refusal, sessionProps } from '../build.ts';

const rendered = (props: Parameters<typeof aServer>[1]) => {
  const chart = aChart();
  aServer(chart, props);
  return manifestOfKind(chart, 'MCPServer');
};

describe('McpServer', () => {
  it('renders what its author said, and what is safer than the defaults of the resource', () => {
    expect(rendered({ description: 'Notes', team: 'lab', env: { MODE: 'demo' } })).toMatchSnapshot();
  });

  it('says nothing that its author left to the cluster', () => {
    const said = ['analytics', 'auth', 'gateway', 'image', 'session', 'tools'];
    expect(Object.keys(z.looseObject({}).parse(rendered({}).spec)).sort()).toEqual(said);
  });

  it('writes the trust of every tool out, as much as its side effect suggests', () => {
    const tools = [Tool.read('look'), Tool.write('change'), Tool.destructive('destroy')];
    expect(rendered({ tools })).toMatchObject({
      spec: { tools: [{ requiredTrust: 'low' }, { requiredTrust: 'medium' }, { requiredTrust: 'high' }] },
    });
  });

  it('says how often a caller may call, and what of it is not recorded', () => {
    const { spec } = rendered({
      tools: [Tool.read('look', { rate: { perMinute: 30, burst: 3 } }), Tool.write('change')],
      policy: { subjectRate: { perMinute: 600 } },
      audit: { arguments: 'digest', redact: ['human_id', 'client_ip'] },
    });
    expect(spec).toMatchObject({
      tools: [{ name: 'look', rate: { perMinute: 30, burst: 3 } }, { name: 'change' }],
      policy: { subjectRate: { perMinute: 600 } },
      audit: { arguments: 'digest', redact: ['human_id', 'client_ip'] },
    });
    expect(JSON.stringify(spec).match(/"rate"/g)).toHaveLength(1);
  });

  it('strips the prefix under which it is exposed', () => {
    const chart = aChart();
    aServer(chart).expose({ host: 'mcp.example.org', prefix: '/lab/notes/' });
    expect(manifestOfKind(chart, 'MCPServer')).toMatchObject({
      spec: { ingressHost: 'mcp.example.org', gateway: { enabled: true, stripPrefix: '/lab/notes' } },
    });
  });

  it('keeps what was said of its route when it is exposed once more', () => {
    const chart = aChart();
    const server = aServer(chart, { route: { host: 'mcp.example.org' } }).expose({ prefix: 'n' });
    expect(server.resource.spec).toMatchObject({ ingressHost: 'mcp.example.org', publicPathPrefix: 'n' });
  });

  it('says how many pods there are by load, how they spread, and what becomes of a canary', () => {
    const scaled = rendered({
      autoscaling: { minReplicas: 2, maxReplicas: 5, cpuPercent: 70 },
      disruption: { maxUnavailable: '50%' },
      topologySpread: 'Required',
    });
    expect(scaled.spec).toMatchObject({
      autoscaling: { minReplicas: 2, maxReplicas: 5, cpuPercent: 70 },
      disruption: { maxUnavailable: '50%' },
      topologySpread: 'Required',
    });
    const rollout = { strategy: 'Canary', canaryReplicas: 1, promote: 'a1b2c3d4e5' } as const;
    expect(rendered({ replicas: 3, rollout }).spec).toMatchObject({ rollout });
  });

  it('is exposed with a certificate, or by a Gateway, whose class goes without saying', () => {
    const tls = { clusterIssuer: 'main' };
    expect(rendered({ route: { host: 'mcp.example.org', tls } }).spec).toMatchObject({ ingressTLS: tls });
    const gateway = { name: 'edge', namespace: 'net', sectionName: 'https' };
    expect(rendered({ route: { gateway } }).spec).toMatchObject({
      ingressClass: 'gateway',
      gatewayRef: gateway,
    });
  });

  it('carries the reason for having no proxy, and then claims neither sessions nor audit', () => {
    const { metadata, spec } = rendered({ gateway: Gateway.off({ reason: 'Serves public data only.' }) });
    expect(metadata.annotations).toEqual({ [GATEWAY_OFF_REASON]: 'Serves public data only.' });
    expect(spec).toMatchObject({ gateway: { enabled: false } });
    expect(spec).not.toHaveProperty('session');
    expect(spec).not.toHaveProperty('analytics');
  });

  it('never renders how it is started on a laptop', () => {
    const chart = aChart();
    const local = { command: 'node', args: ['server.ts'], cwd: '/home/somebody' };
    const server = aServer(chart, { local });
    expect(localCommandOf(server)).toEqual(local);
    expect(JSON.stringify(manifestsOf(chart))).not.toContain('somebody');
  });

  it('does not change any more when the objects it was made from do', () => {
    const chart = aChart();
    const tools = [Tool.read('look')];
    aServer(chart, { tools });
    tools.push(Tool.destructive('destroy'));
    expect(manifestOfKind(chart, 'MCPServer')).toMatchObject({ spec: { tools: [{ name: 'look' }] } });
  });

  it('lets a grant and a session have one name', () => {
    const chart = aChart();
    const server = aServer(chart);
    server.grant('demo', grantProps());
    server.session('demo', sessionProps());
    expect(manifestsOf(chart).map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
      'MCPServer notes',
      'MCPAccessGrant demo',
      'MCPAgentSession demo',
    ]);
  });

  it('takes the namespace of the chart, or its own', () => {
    const chart = aChart();
    expect(aServer(chart).serverNamespace).toBe('team-a');
    expect(aServer(chart, { namespace: 'team-b' }, 'other').serverNamespace).toBe('team-b');
  });
});

describe('McpServer, given bad input,', () => {
  it('says everything that is wrong, with its path and the path of the construct', () => {
    const chart = aChart();
    const tools = [Tool.read('look'), Tool.read('look'), Tool.write('')];
    const error = refusal(() => aServer(chart, { port: 70_000, tools, gateway: { port: 8088 } }));
    expect(error.code).toBe('invalid_construct');
    expect(error.constructPath).toBe('demo/notes');
    expect(error.problems.map(({ path }) => path)).toEqual([
      'spec.port',
      'spec.tools[2].name',
      'spec.tools[1].name',
    ]);
    expect(error.message.split('\n')[0]).toBe('demo/notes: this McpServer has 3 problems:');
  });

  it('is refused rates that are none, and a field that is redacted twice', () => {
    const error = refusal(() =>
      aServer(aChart(), {
        policy: { subjectRate: { perMinute: 0 } },
        audit: { redact: ['path', 'path'] },
        tools: [Tool.read('look', { rate: { perMinute: 1, burst: 0 } })],
      }),
    );
    expect(error.problems.map(({ path }) => path).sort()).toEqual([
      'spec.audit.redact[1]',
      'spec.policy.subjectRate.perMinute',
      'spec.tools[0].rate.burst',
    ]);
  });

  it('is not added to the tree', () => {
    const chart = aChart();
    refusal(() => aServer(chart, { port: 0 }));
    expect(chart.node.children).toEqual([]);
  });

  it('is refused by the rules that the API server has', () => {
    const error = refusal(() => aServer(aChart(), { gateway: { port: 8088 } }));
    expect(error.problems).toEqual([
      { path: 'spec.gateway.port', message: "the gateway's port must differ from the server's port" },
    ]);
  });

  it('is refused a Gateway beside the class of an Ingress, and two answers to one question', () => {
    const route = { ingressClass: 'nginx', gateway: { name: 'edge' } };
    const paths = (props: Parameters<typeof aServer>[1]) =>
      refusal(() => aServer(aChart(), props)).problems.map(({ path }) => path);
    expect(paths({ route })).toEqual(['spec.gatewayRef']);
    expect(paths({ route: { tls: {}, gateway: { name: 'edge' } } })).toEqual(['spec.ingressTLS']);
    expect(paths({ replicas: 2, autoscaling: { maxReplicas: 3 } })).toEqual(['spec.replicas']);
  });

  it('asks how callers are identified, and what a tool does', () => {
    const props = { image: 'example.org/notes:1', tools: [{ name: 'look' }] };
    const error = refusal(() => Reflect.construct(McpServer, [aChart(), 'notes', props]));
    expect(error.problems.map(({ path }) => path)).toEqual(['auth', 'tools[0].sideEffect']);
  });

  it('asks for a namespace where nothing around it has one', () => {
    const chart = new Chart(new App(), 'demo');
    expect(refusal(() => aServer(chart)).problems.map(({ path }) => path)).toEqual(['namespace']);
  });

  it('asks for the reason why it has no proxy', () => {
    const error = refusal(() => aServer(aChart(), { gateway: Gateway.off({ reason: ' ' }) }));
    expect(error.problems.map(({ path }) => path)).toEqual(['gateway.off.reason']);
  });

  it('asks OAuth for an issuer', () => {
    const error = refusal(() => aServer(aChart(), { auth: Auth.oauth({ issuerUrl: '' }) }));
    expect(error.problems).toEqual([{ path: 'spec.auth', message: 'auth.mode oauth needs auth.issuerURL' }]);
  });

  it('stays as it was when it is exposed badly', () => {
    const chart = aChart();
    const server = aServer(chart);
    expect(refusal(() => server.expose({ prefix: '//' })).constructPath).toBe('demo/notes');
    expect(server.resource.spec.publicPathPrefix).toBeUndefined();
  });
});
