// Phase, message and the three conditions that kstatus reads; transition times; a spec that can't be carried out.
import { describe, expect, it } from '@jest/globals';
import { MCPServer } from '#api/mcp-server.ts';
import {
  invalidServerStatus,
  isSameStatus,
  serverStatus,
} from '#runtime/operator/server/status/server-status.ts';
import {
  aDeployment,
  conditionIn,
  containersOf,
  GATEWAY_ON,
  NOW_MS,
  REVISION,
  said,
  statusInput,
  statusOf,
} from './build.ts';
import { kstatusOf } from './kstatus.ts';

describe('a server that is ready', () => {
  it('says what runs, which policy, and where', () => {
    const status = statusOf({ spec: { ...GATEWAY_ON, replicas: 2 }, generation: 7 });
    expect(status.message).toBe(
      `2 pods run registry.example.org/notes:1.0.0 behind proxy registry.example.org/proxy:1.0.0. ` +
        `Policy ${REVISION.slice(7, 19)} is in force. Reached at http://mcp.example.org/notes/mcp.`,
    );
    expect(status).toMatchObject({ phase: 'Ready', observedGeneration: 7 });
    expect(new Set(status.conditions?.map((each) => each.observedGeneration))).toEqual(new Set([7]));
    expect(kstatusOf({ generation: 7, status })).toBe('Current');
  });

  it('says plainly that nothing governs it where the gateway is off', () => {
    const status = statusOf();
    expect(status).toMatchObject({ phase: 'Ready', deploymentReady: true, serviceReady: true });
    expect(status.message).toContain('without a proxy');
    expect(status.message).toContain('the gateway is off');
    expect(status).not.toHaveProperty('policyRevision');
  });

  it('says that nothing records what the proxy decides', () => {
    expect(statusOf({ spec: { gateway: { enabled: true } } }).message).toContain('nothing records');
  });

  it('shows how callers are identified and calls decided, only while the gateway is on', () => {
    const auth = { mode: 'header' as const, humanIDHeader: 'X-Human' };
    const spec = { ...GATEWAY_ON, auth, session: { required: true } };
    expect(statusOf({ spec }).resolved).toMatchObject({
      auth: { ...auth, agentIDHeader: 'X-MCP-Agent-ID', tokenHeader: 'Authorization' },
      policy: { mode: 'allow-list', defaultDecision: 'deny', sessionRequired: true },
    });
    expect(statusOf().resolved).not.toHaveProperty('auth');
    expect(statusOf().resolved).not.toHaveProperty('policy');
  });

  it('shows the images that run, not those that are wished for', () => {
    const status = statusOf({
      spec: GATEWAY_ON,
      observed: () => ({
        deployment: aDeployment({
          replicas: 1,
          containers: [
            { name: 'notes', image: 'notes:live' },
            { name: 'mcp-gateway', image: 'proxy:live' },
          ],
        }),
      }),
    });
    expect(status.resolved).toMatchObject({ image: 'notes:live', gatewayImage: 'proxy:live' });
  });
});

describe('a server that is not ready', () => {
  it.each([
    [
      'has nothing yet',
      { deployment: undefined, pods: [], replicaSets: [], service: undefined, ingress: undefined },
      'Pending',
    ],
    ['has a Service and no pods', { deployment: undefined, pods: [], replicaSets: [] }, 'PartiallyReady'],
    ['lacks its Service', { service: undefined }, 'PartiallyReady'],
    [
      'has a Service without an address',
      { service: { apiVersion: 'v1', kind: 'Service', metadata: { name: 'notes' }, spec: {} } },
      'PartiallyReady',
    ],
  ] as const)('%s', (_what, observed, phase) => {
    const status = statusOf({ observed: () => observed });
    expect(status.phase).toBe(phase);
    expect(said(status, 'Reconciling')).toBe('True Waiting');
    expect(kstatusOf({ generation: 1, status })).toBe('InProgress');
  });

  it('gives every cause, and Ready the first of them', () => {
    const status = statusOf({ observed: () => ({ service: undefined, ingress: undefined }) });
    expect(status.message).toContain('Service notes does not exist yet.');
    expect(status.message).toContain('Ingress notes does not exist yet.');
    expect(conditionIn(status, 'Ready').message).toBe(status.message);
  });

  it('says so once where it holds, and briefly where it does not', () => {
    const waiting = statusOf({ observed: () => ({ service: undefined }) });
    expect(conditionIn(waiting, 'Reconciling').message).toBe(waiting.message);
    expect(conditionIn(waiting, 'Stalled').message).toBe('It may come by itself.');
    const stuck = statusOf({ observed: () => ({ ingressClass: 'missing' }) });
    expect(conditionIn(stuck, 'Stalled').message).toBe(stuck.message);
    expect(conditionIn(stuck, 'Reconciling').message).toBe(
      'Nothing happens until somebody changes something.',
    );
    const ready = statusOf();
    expect(conditionIn(ready, 'Reconciling').message).toBe('Nothing is left to do.');
    expect(conditionIn(ready, 'Stalled').message).toBe('Nothing is in the way.');
  });

  it('names what somebody has to act on before what may come by itself', () => {
    const status = statusOf({ observed: () => ({ service: undefined, ingressClass: 'missing' }) });
    expect(status.message).toMatch(/^The cluster has no ingress class .* Service notes does not exist yet\./);
  });

  it('does not name children that are missing only because another one was refused', () => {
    const status = statusOf({
      spec: GATEWAY_ON,
      observed: () => ({
        deployment: undefined,
        service: undefined,
        ingress: undefined,
        policyRevision: undefined,
        failures: [
          {
            child: 'ConfigMap notes-gateway-policy',
            code: 'forbidden',
            message: 'apply ConfigMap team/notes-gateway-policy: exceeded quota: small (HTTP 403)',
            at: '2026-01-01T12:00:00Z',
          },
        ],
      }),
    });
    expect(status.message).toBe(
      'ConfigMap notes-gateway-policy could not be applied: exceeded quota: small; raise the quota of the namespace, or ask for less.',
    );
  });

  it('is stalled where one part waits in vain, though another that is told first may still come', () => {
    const status = statusOf({ observed: () => ({ service: undefined, ingressClass: 'missing' }) });
    expect(said(status, 'Stalled')).toBe('True IngressClassNotFound');
    expect(status.message).toContain('Service notes does not exist yet.');
  });

  it('is stalled where the installation lacks what the spec needs', () => {
    const status = statusOf({ spec: GATEWAY_ON, config: { gatewayImage: undefined } });
    expect(said(status, 'Stalled')).toBe('True NotConfigured');
    expect(status.message).toContain('MCP_GATEWAY_PROXY_IMAGE');
    expect(kstatusOf({ generation: 1, status })).toBe('Failed');
  });

  it('is in progress for kstatus as long as the newest generation was not looked at', () => {
    expect(kstatusOf({ generation: 2, status: statusOf() })).toBe('InProgress');
  });
});

describe('transition times', () => {
  const before = statusOf({ nowMs: NOW_MS - 60_000 });

  it('stay where the status of a condition does, and are those of the change where it does not', () => {
    const after = statusOf({ previous: before, observed: () => ({ service: undefined }) });
    expect(conditionIn(after, 'DeploymentReady').lastTransitionTime).toBe('2026-01-01T11:59:00Z');
    expect(conditionIn(after, 'ServiceReady').lastTransitionTime).toBe('2026-01-01T12:00:00Z');
    expect(conditionIn(after, 'Ready').lastTransitionTime).toBe('2026-01-01T12:00:00Z');
  });

  it('stay where only reason and message change', () => {
    const canary = { replicas: 2, rollout: { strategy: 'Canary', canaryReplicas: 1 } } as const;
    const idle = statusOf({ spec: canary, nowMs: NOW_MS - 60_000 });
    const rollout = {
      stableRevision: 'a',
      canaryRevision: 'b',
      phase: 'Progressing',
      traffic: 'Weights',
    } as const;
    const after = statusOf({ spec: canary, previous: idle, observed: () => ({ rollout }) });
    expect(conditionIn(after, 'CanaryReady')).toMatchObject({
      reason: 'CanaryWaiting',
      lastTransitionTime: '2026-01-01T11:59:00Z',
    });
  });

  it('are all that an old status is asked for', () => {
    const input = statusInput({ previous: before });
    const lies = {
      ...before,
      phase: 'Error',
      gatewayReady: true,
      policyReady: true,
      message: 'a lie',
    } as const;
    expect(serverStatus({ ...input, previous: lies })).toEqual(serverStatus(input));
  });
});

describe('a spec that can not be carried out', () => {
  const problems = [{ path: 'spec.image', message: 'must not be empty' }];
  const status = invalidServerStatus(4, problems, statusOf({ spec: GATEWAY_ON }), NOW_MS + 1000);

  it('is stalled, and the field is named', () => {
    expect(status).toMatchObject({
      phase: 'Error',
      message: 'spec.image must not be empty.',
      observedGeneration: 4,
    });
    expect(said(status, 'Stalled')).toBe('True InvalidSpec');
    expect(said(status, 'Ready')).toBe('False InvalidSpec');
    expect(kstatusOf({ generation: 4, status })).toBe('Failed');
  });

  it('claims nothing of what was not looked at', () => {
    expect(status).toMatchObject({ deploymentReady: false, gatewayReady: false, policyReady: false });
    expect(said(status, 'GatewayReady')).toBe('Unknown InvalidSpec');
    expect(status.conditions?.map(({ type }) => type).sort()).toEqual(
      statusOf()
        .conditions?.map(({ type }) => type)
        .sort(),
    );
  });

  it('fits the schema, and is the same when it is computed again', () => {
    expect(MCPServer.status.parse(status)).toEqual(status);
    expect(isSameStatus(status, invalidServerStatus(4, problems, status, NOW_MS + 99_000))).toBe(true);
  });
});

describe('two statuses', () => {
  it('are the same whatever the order of their members', () => {
    const { message, ...rest } = statusOf();
    expect(isSameStatus({ message, ...rest }, { ...rest, message })).toBe(true);
    expect(isSameStatus({ ...rest, message }, { ...rest, message: 'other' })).toBe(false);
  });

  it('are the same where one says by undefined what the other leaves out', () => {
    const status = statusOf();
    expect(isSameStatus({ ...status, policyRevision: undefined }, status)).toBe(true);
  });
});

describe('an object that is not of the API', () => {
  it('counts as absent', () => {
    const status = statusOf({
      observed: (resolved) => ({
        deployment: {
          ...aDeployment({ replicas: 1, containers: containersOf(resolved) }),
          spec: { replicas: 'many' },
        },
      }),
    });
    expect(status.deploymentReady).toBe(false);
  });
});
