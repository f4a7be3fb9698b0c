import { describe, expect, it } from '@jest/globals';
import type { App } from 'cdk8s';
import { KINDS } from '#api/kinds.ts';
import { controlPlaneObjects } from '#constructs/control-plane/control-plane.ts';
import { sentinelObjects } from '#constructs/sentinel/sentinel.ts';
import { synthesise } from '#render/synthesise.ts';
import { BootstrapStack } from '#stacks/bootstrap-stack.ts';
import { PlatformStack } from '#stacks/platform-stack.ts';
import { SentinelStack } from '#stacks/sentinel-stack.ts';
import { Auth } from '#constructs/server/auth.ts';
import { McpServer } from '#constructs/server/mcp-server.ts';
import { ServersStack } from '#stacks/servers-stack.ts';
import { TenantStack } from '#stacks/tenant-stack.ts';

const manifestsOf = (program: (app: App) => void) =>
  synthesise(program).charts.flatMap(({ objects }) => objects.map(({ manifest }) => manifest));

describe('BootstrapStack', () => {
  it('holds the definition of every kind, without a namespace', () => {
    const manifests = manifestsOf((app) => new BootstrapStack(app, 'bootstrap'));
    expect(manifests.map(({ kind, metadata }) => [kind, metadata.name, metadata.namespace])).toEqual(
      KINDS.map(({ plural }) => ['CustomResourceDefinition', `${plural}.mcpruntime.org`, undefined]),
    );
  });
});

describe('PlatformStack', () => {
  const distributor = { image: 'example.org/distributor:1.0.0' };
  const props = { image: 'example.org/operator:1.0.0', distributor };

  it('is the control plane, exactly as it is without a stack', () => {
    const manifests = manifestsOf((app) => new PlatformStack(app, 'platform', props));
    expect(manifests).toEqual(controlPlaneObjects(props));
  });

  it('refuses an operator that may be another one tomorrow', () => {
    const program = (app: App) =>
      new PlatformStack(app, 'platform', { image: 'example.org/operator', distributor });
    expect(() => manifestsOf(program)).toThrow(/platform\/control-plane: .*1 problem:\n {2}image: must name/);
  });
});

describe('SentinelStack', () => {
  const props = { image: 'example.org/sentinel:1.0.0', apiToken: { secretName: 'sentinel-api' } };

  it('is the sentinel, exactly as it is without a stack', () => {
    const manifests = manifestsOf((app) => new SentinelStack(app, 'sentinel', props));
    expect(manifests).toEqual(sentinelObjects(props));
  });

  it('tells the platform where proxies send what they recorded', () => {
    const ingest: string[] = [];
    manifestsOf((app) => ingest.push(new SentinelStack(app, 'sentinel', props).ingestUrl));
    expect(ingest).toEqual(['http://mcp-sentinel.mcp-sentinel.svc.cluster.local:8081/events']);
  });
});

describe('ServersStack', () => {
  it('makes its namespace, in which pods have to be hardened', () => {
    const [namespace] = manifestsOf((app) => new ServersStack(app, 'servers', { namespace: 'team-a' }));
    expect(namespace).toMatchSnapshot();
    expect(namespace?.metadata).not.toHaveProperty('namespace');
    expect(namespace?.metadata.labels).toHaveProperty(['pod-security.kubernetes.io/enforce'], 'restricted');
  });

  it('leaves a namespace alone that somebody else makes', () => {
    expect(manifestsOf((app) => new ServersStack(app, 'servers', { createNamespace: false }))).toEqual([]);
  });
});

describe('TenantStack', () => {
  it('is a team by the id of the chart, and everything in it is the namespace of the team', () => {
    const manifests = manifestsOf((app) => {
      const stack = new TenantStack(app, 'lab');
      new McpServer(stack, 'notes', { image: 'example.org/notes:1', auth: Auth.header() });
      expect(stack.team.teamId).toBe('lab');
    });
    expect(manifests[0]?.metadata.name).toBe('mcp-team-lab');
    expect(new Set(manifests.slice(1).map(({ metadata }) => metadata.namespace))).toEqual(
      new Set(['mcp-team-lab']),
    );
  });
});
