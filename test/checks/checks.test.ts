// Each check: a program that it speaks of, and the same one mended, of which it says nothing.
import { readFileSync } from 'node:fs';
import { ApiObject, type Chart } from 'cdk8s';
import { describe, expect, it } from '@jest/globals';
import { CHECKS, type CheckName } from '#checks/checks.ts';
import { silence } from '#checks/silence.ts';
import { AccessGrant } from '#constructs/access/access-grant.ts';
import { ServerRef } from '#constructs/access/server-ref.ts';
import { ToolRule } from '#constructs/access/tool-rule.ts';
import { ControlPlane } from '#constructs/control-plane/control-plane.ts';
import { IngressInstallation } from '#constructs/ingress/ingress-installation.ts';
import { Auth } from '#constructs/server/auth.ts';
import { Gateway } from '#constructs/server/gateway.ts';
import { aServer, grantProps, sessionProps } from '../constructs/build.ts';
import { PROPS } from '../constructs/control-plane/build.ts';
import { checked } from './program.ts';

const aQuota = (chart: Chart, hard: Readonly<Record<string, string>>) =>
  new ApiObject(chart, 'quota', {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: { name: 'team' },
    spec: { hard },
  });

const aPod = (chart: Chart, name: string, image: string) =>
  new ApiObject(chart, name, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { containers: [{ name: 'main', image }] },
  });

const oauth = Auth.oauth({ issuerUrl: 'https://login.example.org' });
const tls = { clusterIssuer: 'main' };
const route = { host: 'mcp.example.org', tls };
const production = { profile: 'production' } as const;

interface Case {
  readonly wrong: (chart: Chart) => unknown;
  readonly mended: (chart: Chart) => unknown;
  readonly settings?: Parameters<typeof checked>[1];
  /** What is told, without the name. */
  readonly told: string;
}

const CASES: Readonly<Record<CheckName, Case>> = {
  'invalid-object': {
    wrong: (chart) => new ApiObject(chart, 'raw', raw({ image: 'example.org/a:1', port: 0 })),
    mended: (chart) => new ApiObject(chart, 'raw', raw({ image: 'example.org/a:1', port: 80 })),
    told: 'demo/raw: spec.port must be at least 1, not 0',
  },
  'unknown-server': {
    wrong: (chart) => {
      aServer(chart);
      new AccessGrant(chart, 'all', { server: ServerRef.named('team-a', 'nodes'), ...grantProps() });
    },
    mended: (chart) => {
      const { serverNamespace, serverName } = aServer(chart);
      const server = ServerRef.named(serverNamespace, serverName);
      new AccessGrant(chart, 'all', { server, ...grantProps({ maxTrust: 'low' }) });
    },
    told: 'demo/all: is about server team-a/nodes, which this program lacks; did you mean "notes"?',
  },
  'unknown-tool': {
    wrong: (chart) => {
      aServer(chart);
      const tools = [ToolRule.deny('destory')];
      const grant = grantProps({ maxTrust: 'low', tools });
      new AccessGrant(chart, 'all', { server: ServerRef.named('team-a', 'notes'), ...grant });
    },
    mended: (chart) => {
      aServer(chart);
      const grant = grantProps({ maxTrust: 'low', tools: [ToolRule.deny('destroy')] });
      new AccessGrant(chart, 'all', { server: ServerRef.named('team-a', 'notes'), ...grant });
    },
    told: 'demo/all: names the tool "destory", which team-a/notes does not declare; did you mean "destroy"?',
  },
  'closed-namespace': {
    wrong: (chart) => aServer(chart).session('demo', sessionProps({ namespace: 'team-b' })),
    mended: (chart) =>
      aServer(chart, { access: { fromNamespaces: ['team-b'] } }).session(
        'demo',
        sessionProps({ namespace: 'team-b' }),
      ),
    told: 'demo/notes/sessions/demo: counts for nothing: team-a/notes does not take it from namespace team-b; list that in its access.fromNamespaces',
  },
  'unknown-class': {
    wrong: (chart) => aServer(chart, { route: { ingressClass: 'gatway' } }),
    mended: (chart) => aServer(chart, { route: { ingressClass: 'internal' } }),
    settings: { knownClasses: ['gateway', 'internal'] },
    told: 'demo/notes: is on class gatway, which the environment lacks; it has gateway, internal; did you mean "gateway"?',
  },
  'retired-ingress': {
    wrong: (chart) => new IngressInstallation(chart, 'ingress', { class: 'community-nginx' }),
    mended: (chart) => new IngressInstallation(chart, 'ingress', { class: 'nginx' }),
    told: 'demo/ingress: is the community ingress-nginx, which is retired and gets no more mends of its security; move to a Gateway',
  },
  'route-collision': {
    wrong: (chart) => {
      aServer(chart, { route });
      aServer(chart, { route: { ...route, prefix: '/notes/' } }, 'other');
    },
    mended: (chart) => {
      aServer(chart, { route });
      aServer(chart, { route: { ...route, prefix: 'other' } }, 'other');
    },
    told: 'demo/other: takes /notes/mcp on mcp.example.org, which demo/notes has already; give one of them another prefix or host',
  },
  'excess-trust': {
    wrong: (chart) => aServer(chart).grant('readers', grantProps({ maxTrust: 'high' })),
    mended: (chart) => aServer(chart).grant('readers', grantProps({ maxTrust: 'low' })),
    told: "demo/notes/grants/readers: gives high trust, and the tools that it covers need low at most (look); say maxTrust: 'low'",
  },
  'endless-session': {
    wrong: (chart) => aServer(chart).session('demo', sessionProps({ expiresAt: undefined })),
    mended: (chart) => aServer(chart).session('demo', sessionProps()),
    told: "demo/notes/sessions/demo: has no expiresAt, so only the server's session.maxLifetime ends it",
  },
  'open-server': {
    wrong: (chart) => aServer(chart, { auth: Auth.none() }),
    mended: (chart) => aServer(chart, { auth: Auth.none(), route: { ingressClass: 'internal' } }),
    settings: { internalClasses: ['internal'] },
    told: 'demo/notes: identifies nobody (auth none) and is on class traefik, which is not internal; take Auth.oauth(), or an internal class',
  },
  'asserted-identity': {
    wrong: (chart) => aServer(chart, { route }),
    mended: (chart) => aServer(chart, { route, auth: oauth }),
    settings: production,
    told: 'demo/notes: believes headers: whoever reaches its port can claim to be anybody; take Auth.oauth(), or say what stands in front of it',
  },
  'plain-http': {
    wrong: (chart) => aServer(chart, { auth: oauth }),
    mended: (chart) => aServer(chart, { auth: oauth, route }),
    settings: production,
    told: 'demo/notes: is reached by plain http; give its route a certificate (tls), the installation one, or an https externalUrl where something in front has it',
  },
  'floating-image': {
    wrong: (chart) => aServer(chart, { image: 'example.org:5000/notes' }),
    mended: (chart) => aServer(chart, { image: 'example.org:5000/notes:1' }),
    told: 'demo/notes: runs example.org:5000/notes:latest, which may be another one tomorrow; name a version or a digest',
  },
  'image-collision': {
    wrong: (chart) => {
      aPod(chart, 'one', 'a.example.org/tools/redis:8');
      aPod(chart, 'two', 'b.example.org/tools/redis:8');
    },
    mended: (chart) => {
      aPod(chart, 'one', 'a.example.org/tools/redis:8');
      aPod(chart, 'same', 'a.example.org/tools/redis:8');
      aPod(chart, 'two', 'b.example.org/tools/redis:9');
    },
    settings: { imageMirror: { registry: 'mirror.example.org' } },
    told: 'demo/two: runs b.example.org/tools/redis:8, which images.mirror calls mirror.example.org/tools/redis:8, and so it calls a.example.org/tools/redis:8; give one of them another path or tag',
  },
  'broken-quota': {
    wrong: (chart) => {
      aQuota(chart, { 'requests.cpu': '250m', 'limits.memory': '1Gi', pods: '2', services: '1' });
      aServer(chart, { replicas: 3 });
    },
    mended: (chart) => {
      aQuota(chart, { 'requests.cpu': '400m', 'limits.memory': '2Gi', pods: '4' });
      aServer(chart, { replicas: 3 });
    },
    told: 'demo: allows less than the 1 servers of team-a ask for: requests.cpu 300m of 250m, limits.memory 1536Mi of 1Gi, pods 3 of 2',
  },
  'tight-quota': {
    wrong: (chart) => {
      aQuota(chart, { memory: '128Mi' });
      aServer(chart);
    },
    mended: (chart) => {
      aQuota(chart, { memory: '128Mi' });
      aServer(chart, { rollout: { maxSurge: '0', maxUnavailable: '1' } });
    },
    told: "demo/notes: can't be rolled out beside the other servers of team-a within its quota: memory 256Mi of 128Mi; raise the quota, or let pods be missing (rollout.maxSurge '0')",
  },
};

function raw(spec: Readonly<Record<string, unknown>>) {
  return { apiVersion: 'mcpruntime.org/v1alpha1', kind: 'MCPServer', metadata: { name: 'raw' }, spec };
}

describe.each(CHECKS.map((check) => [check.name, check] as const))('the check %s', (name, check) => {
  const { wrong, mended, settings, told } = CASES[name];
  const severity =
    settings?.profile === 'production' ? (check.inProduction ?? check.severity) : check.severity;

  it('finds what it is there for, and says where and what to do', () => {
    const { errors, warnings } = checked(wrong, settings);
    expect(severity === 'error' ? errors : warnings).toEqual([`${told} [${name}]`]);
  });

  it('says nothing once that is mended', () => {
    expect(checked(mended, settings)).toEqual({ errors: [], warnings: [] });
  });

  it('can be told that it is meant, or never', () => {
    const meant = (chart: Chart) => {
      silence(chart, name, { reason: 'It is a test.' });
      wrong(chart);
    };
    if (!check.mayBeMeant) expect(() => checked(meant, settings)).toThrow(/can't be silenced; these can: /);
    else expect(checked(meant, settings)).toEqual({ errors: [], warnings: [] });
  });
});

describe('checks', () => {
  it('refuse to be silenced without a reason', () => {
    expect(() => checked((chart) => silence(aServer(chart), 'open-server', { reason: ' ' }))).toThrow(
      'demo/notes: say in `reason` why open-server is meant',
    );
  });

  it('are silenced for one construct and not for those beside it', () => {
    const { warnings } = checked((chart) => {
      const first = aServer(chart, { auth: Auth.none() });
      aServer(chart, { auth: Auth.none() }, 'other');
      silence(first, 'open-server', { reason: 'It serves the documentation.' });
    });
    expect(warnings).toEqual([expect.stringMatching(/^demo\/other: .*\[open-server\]$/)]);
  });

  it('are stricter in production', () => {
    const open = (chart: Chart) => aServer(chart, { auth: Auth.none(), image: 'example.org/notes', route });
    expect(checked(open)).toMatchObject({ errors: [], warnings: [{}, {}].map(() => expect.anything()) });
    expect(checked(open, production).errors).toHaveLength(2);
  });

  it('tell all that is wrong at once, with what else is', () => {
    const { errors } = checked((chart) => {
      aServer(chart);
      aServer(chart, { name: 'notes' }, 'other');
      new ApiObject(chart, 'raw', raw({}));
    });
    expect(errors).toEqual([
      'demo/other/Resource: mcpruntime.org/MCPServer team-a/notes is already made at demo/notes/Resource',
      'demo/raw: spec.image is required [invalid-object]',
    ]);
  });

  it('know the installation of the program: its TLS, its class, its host', () => {
    const build = (ingressTls: boolean) => (chart: Chart) => {
      new ControlPlane(chart, 'platform', { ...PROPS, config: { ...PROPS.config, ingressTls } });
      aServer(chart, { auth: oauth });
    };
    expect(checked(build(false), production).errors).toEqual([expect.stringContaining('[plain-http]')]);
    expect(checked(build(true), production).errors).toEqual([]);
  });

  it('ask nothing of a server without a proxy, whose manifest has the reason', () => {
    const off = (chart: Chart) => aServer(chart, { route, gateway: Gateway.off({ reason: 'Public data.' }) });
    expect(checked(off, production)).toEqual({ errors: [], warnings: [] });
  });

  it('find too much trust also where rules ask for more, or cover nothing', () => {
    const trusting = (grant: Parameters<typeof grantProps>[0]) =>
      checked((chart) => aServer(chart).grant('all', grantProps({ maxTrust: 'high', ...grant }))).warnings;
    expect(trusting({ tools: [ToolRule.allow('look', { requiredTrust: 'high' })] })).toEqual([]);
    expect(trusting({ sideEffects: ['read', 'write', 'destructive'] })).toEqual([]);
    const [idle] = trusting({ sideEffects: [], tools: [ToolRule.deny('look')] });
    expect(idle).toContain("it covers no tool that can be called; say maxTrust: 'low'");
  });
});

describe('docs/checks.md', () => {
  it('has every check, with what it finds, what it does and whether it may be meant', () => {
    const rows = CHECKS.map((check) => {
      const { name, finds, severity, inProduction = severity, mayBeMeant } = check;
      return [`\`${name}\``, finds, severity, inProduction, mayBeMeant ? 'yes' : 'no'];
    });
    const text = readFileSync('docs/checks.md', 'utf8');
    const table = text.split('\n').filter((line) => line.startsWith('| `'));
    const cells = table.map((line) => line.split('|').slice(1, -1));
    expect(cells.map((row) => row.map((cell) => cell.trim()))).toEqual(rows);
  });
});
