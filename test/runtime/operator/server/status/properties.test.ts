// What holds of every server in every state: nothing is claimed that was not observed, kstatus reads what people read,
// and the same facts always come to the same status.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MCPServer, type McpServerStatus } from '#api/mcp-server.ts';
import type { KubeObject } from '#runtime/kube/object.ts';
import type { StatusInput } from '#runtime/operator/server/status/observed-server.ts';
import { isSameStatus, serverStatus } from '#runtime/operator/server/status/server-status.ts';
import { aRandomInput } from './arbitrary.ts';
import { conditionIn, NOW_MS, statusOf } from './build.ts';
import { kstatusOf } from './kstatus.ts';

const RUNS = { numRuns: 1000 };
/** Where a test also asks that rare states occur. */
const MANY_RUNS = { numRuns: 3000 };

const always = (claim: (status: McpServerStatus, input: StatusInput) => void, runs = RUNS) => {
  fc.assert(
    fc.property(aRandomInput, (input) => {
      claim(serverStatus(input).status, input);
    }),
    runs,
  );
};

const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** A member of a member of an object that TypeScript knows nothing of. */
function at(object: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, name) =>
      typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined,
    object,
  );
}

const isProxy = (container: unknown) => at(container, 'name') === 'mcp-gateway';

/** Said once more, straight from what the API server has: a living, ready pod in which a proxy is ready. */
function runsReadyProxy(pod: KubeObject): boolean {
  const isReady = list(at(pod, 'status', 'conditions')).some(
    (condition) => at(condition, 'type') === 'Ready' && at(condition, 'status') === 'True',
  );
  return (
    pod.metadata.deletionTimestamp === undefined &&
    isReady &&
    list(at(pod, 'spec', 'containers')).some(isProxy) &&
    list(at(pod, 'status', 'containerStatuses')).some(
      (status) => isProxy(status) && at(status, 'ready') === true,
    )
  );
}

describe('a status', () => {
  it('never says that the gateway is ready without a template and a ready pod that have a ready proxy', () => {
    let seen = 0;
    always(({ gatewayReady }, { observed, resolved }) => {
      if (gatewayReady !== true) return;
      seen += 1;
      expect(resolved.gateway).toBeDefined();
      const template = at(observed.deployment, 'spec', 'template', 'spec', 'containers');
      expect(list(template).some(isProxy)).toBe(true);
      expect(observed.pods.some(runsReadyProxy)).toBe(true);
    });
    expect(seen).toBeGreaterThan(50);
  });

  it('never says that anything of the gateway is ready where it is off', () => {
    let seen = 0;
    always((status, { resolved }) => {
      if (resolved.gateway !== undefined) return;
      seen += 1;
      expect(status).toMatchObject({ gatewayReady: false, policyReady: false });
      for (const type of ['PolicySynced', 'AuditDelivering', 'IdentityVerified', 'Isolated'] as const) {
        expect(conditionIn(status, type).status).toBe('False');
      }
    });
    expect(seen).toBeGreaterThan(50);
  });

  it('says that a server is ready only where every part that was asked for is', () => {
    let seen = 0;
    always((status, { resolved, observed }) => {
      if (conditionIn(status, 'Ready').status !== 'True') return;
      expect(status).toMatchObject({ serviceReady: true, ingressReady: true });
      expect(observed.failures).toEqual([]);
      expect(observed.routeConflict).toBeUndefined();
      if (status.phase === 'Suspended') {
        expect(status).toMatchObject({ replicas: 0, deploymentReady: false, gatewayReady: false });
        return;
      }
      seen += 1;
      const gatewayOn = resolved.gateway !== undefined;
      expect(status).toMatchObject({
        phase: 'Ready',
        deploymentReady: true,
        gatewayReady: gatewayOn,
        policyReady: gatewayOn,
        canaryReady: resolved.rollout.canaryReplicas > 0,
      });
    });
    expect(seen).toBeGreaterThan(50);
  });

  it('says by exactly one of Ready, Reconciling and Stalled what kstatus and the phase say', () => {
    const seen = new Set<string>();
    always((status, { server }) => {
      const holding = (['Ready', 'Reconciling', 'Stalled'] as const).filter(
        (type) => conditionIn(status, type).status === 'True',
      );
      expect(holding).toHaveLength(1);
      const expected = { Ready: 'Current', Reconciling: 'InProgress', Stalled: 'Failed' } as const;
      const kstatus = kstatusOf({ generation: server.metadata.generation ?? 0, status });
      expect(kstatus).toBe(expected[holding[0] ?? 'Ready']);
      expect(status.phase === 'Error').toBe(kstatus === 'Failed');
      if (status.phase === 'Ready') expect(kstatus).toBe('Current');
      seen.add(`${kstatus} ${status.phase ?? ''}`);
    }, MANY_RUNS);
    expect([...seen].sort()).toEqual([
      'Current Ready',
      'Current Suspended',
      'Failed Error',
      'InProgress PartiallyReady',
      'InProgress Pending',
      'InProgress Suspended',
    ]);
  });

  it('has booleans that are its conditions', () => {
    const flags = [
      ['deploymentReady', 'DeploymentReady'],
      ['serviceReady', 'ServiceReady'],
      ['ingressReady', 'IngressReady'],
      ['gatewayReady', 'GatewayReady'],
      ['policyReady', 'PolicyReady'],
      ['canaryReady', 'CanaryReady'],
    ] as const;
    always((status) => {
      for (const [flag, type] of flags) {
        expect(status[flag]).toBe(conditionIn(status, type).status === 'True');
      }
    });
  });

  it('never says that a Deployment is ready whose status speaks of another generation, or of fewer pods', () => {
    always((status, { observed }) => {
      if (status.deploymentReady !== true) return;
      const replicas = Number(at(observed.deployment, 'spec', 'replicas'));
      expect(at(observed.deployment, 'status', 'observedGeneration')).toBeGreaterThanOrEqual(
        observed.deployment?.metadata.generation ?? 0,
      );
      expect(at(observed.deployment, 'status')).toMatchObject({
        replicas,
        updatedReplicas: replicas,
        availableReplicas: replicas,
      });
    });
  });

  it('fits the schema of its kind', () => {
    always((status) => {
      expect(MCPServer.status.parse(status)).toEqual(status);
    });
  });

  it('says why, of everything that does not hold', () => {
    always((status) => {
      expect(status.message).not.toBe('');
      for (const { message } of status.conditions ?? []) expect(message).toMatch(/^.+[.!?…]$/);
    });
  });

  it('is the same when it is computed again from itself, later', () => {
    always((status, input) => {
      const again = serverStatus({ ...input, previous: status }).status;
      expect(isSameStatus(again, status)).toBe(true);
    });
  });

  it('owes nothing to an earlier one but transition times', () => {
    const withoutTimes = (status: McpServerStatus) => ({
      ...status,
      conditions: status.conditions?.map(({ lastTransitionTime: _time, ...rest }) => rest),
    });
    fc.assert(
      fc.property(aRandomInput, aRandomInput, (input, other) => {
        const previous = serverStatus({ ...other, nowMs: NOW_MS - 3_600_000 }).status;
        const status = serverStatus({ ...input, previous }).status;
        expect(withoutTimes(status)).toEqual(withoutTimes(serverStatus(input).status));
        for (const { type, status: value, lastTransitionTime } of status.conditions ?? []) {
          const before = previous.conditions?.find((condition) => condition.type === type);
          const kept = before?.status === value;
          expect(lastTransitionTime === before?.lastTransitionTime).toBe(kept);
        }
      }),
      RUNS,
    );
  });

  it('does not change until the time that it names, unless the world does', () => {
    let seen = 0;
    fc.assert(
      fc.property(aRandomInput, (input) => {
        const { status, lookAgainMs } = serverStatus(input);
        const inTime = lookAgainMs === undefined ? 3_600_000 : lookAgainMs - 1;
        if (lookAgainMs !== undefined) seen += 1;
        const later = serverStatus({ ...input, nowMs: input.nowMs + inTime, previous: status }).status;
        expect(isSameStatus(later, status)).toBe(true);
      }),
      MANY_RUNS,
    );
    expect(seen).toBeGreaterThan(5);
  });

  it('does not depend on the order in which caches list objects', () => {
    always((status, input) => {
      const { observed } = input;
      const pods = [...observed.pods].reverse();
      const replicaSets = [...observed.replicaSets].reverse();
      const acknowledgements = [...observed.acknowledgements].reverse();
      const other = serverStatus({
        ...input,
        observed: { ...observed, pods, replicaSets, acknowledgements },
      });
      expect(other.status).toEqual(status);
    });
  });

  it('is that of a healthy server where everything is healthy', () => {
    expect(statusOf().phase).toBe('Ready');
  });
});
