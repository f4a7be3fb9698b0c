// A revocation bites, whoever makes it and whatever happens around it, and nobody else notices. How fast it is, is measured
// by `npm run bench -- node`.
import { describe, expect, it, jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { NAMESPACES } from '#api/names.ts';
import { becomes, make } from '#test/cluster/harness/builders.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { eventually, stays } from '#test/cluster/harness/eventually.ts';
import { at, type KubeObject } from '#test/cluster/harness/objects.ts';
import {
  answers,
  callNotes,
  consent,
  consentObject,
  everythingCaller,
  meanwhile,
  NAMESPACE,
} from './harness/consents.ts';
import { describeOwnNode, node } from './harness/node.ts';
import { containersOf, readyAgain, runningPods } from './harness/workloads.ts';

jest.setTimeout(240_000);

const execute = promisify(execFile);
const root = path.resolve(import.meta.dirname, '../..');
const REVOKED = 'session_revoked';

const revoke = async (session: string): Promise<void> => {
  const patch = ['--type=merge', '-p', '{"spec":{"revoked":true}}'];
  await cluster().kubectl(['patch', 'mcpsession', session, '-n', NAMESPACE, ...patch]);
};

const staysRevoked = (session: string, forMs: number) =>
  stays(`${session} is revoked`, async () => expect(await callNotes(session)).toBe(REVOKED), { forMs });

/** Callers that must not notice: another session of the same server, and another server. */
const others = async (session: string) => [() => callNotes(session), await everythingCaller()];

describe('a revocation', () => {
  it('by kubectl patch is denied at the next calls, with its reason, and told in status', async () => {
    const [mine, other] = [await consent('by-kubectl'), await consent('other-1')];
    const noticed = await meanwhile(await others(other), async () => {
      await revoke(mine);
      await answers(mine, REVOKED);
      await staysRevoked(mine, 1_500);
    });
    expect(noticed).toEqual([]);
    const phase = (session: KubeObject) => at(session, 'status', 'phase');
    await becomes('MCPAgentSession', NAMESPACE, mine, phase, 'Revoked');
  });

  it('by the command line does the same', async () => {
    const mine = await consent('by-cli');
    const env = { ...process.env, KUBECONFIG: cluster().about.users['admin']?.kubeconfig };
    const args = ['session', 'revoke', mine, '--cluster', '-n', NAMESPACE];
    const { stdout } = await execute(process.execPath, ['--import', 'tsx', 'cli/main.ts', ...args], {
      cwd: root,
      env,
    });
    expect(stdout).toContain(`revoked  ${NAMESPACE}/${mine}`);
    await answers(mine, REVOKED);
  });

  it('is not undone by applying the session again, as Git does, nor by deleting it and making it again', async () => {
    const mine = await consent('applied-again');
    await cluster().apply(consentObject(mine));
    await revoke(mine);
    await answers(mine, REVOKED);
    await cluster().apply(consentObject(mine), { allowFailure: true });
    await cluster().apply(consentObject(mine), { serverSide: true, allowFailure: true });
    await staysRevoked(mine, 1_000);
    await cluster().delete('MCPAgentSession', mine, NAMESPACE);
    await answers(mine, 'session_not_found');
    await make(consentObject(mine));
    await eventually('it is there again', async () => (await callNotes(mine)) === REVOKED);
    await staysRevoked(mine, 3_000);
  });
});

describeOwnNode('a revocation holds', () => {
  it('when the proxy is restarted before the kubelet has brought the ConfigMap', async () => {
    const mine = await consent('restarted');
    const [pod] = await runningPods(NAMESPACE, 'app=notes');
    if (pod === undefined) throw new Error('notes has no pod');
    await revoke(mine);
    await answers(mine, REVOKED);
    await node().killContainer(pod, 'mcp-gateway');
    const seen = new Set<string>();
    await eventually('the proxy answers again', async () => {
      const word = await callNotes(mine);
      seen.add(word);
      return word === REVOKED && (await readyAgain(pod, 'mcp-gateway', 1));
    });
    expect([...seen].filter((word) => word === 'allowed')).toEqual([]);
    await staysRevoked(mine, 1_000);
  });

  it('when a distributor hangs, which then goes on with what it knew', async () => {
    const [mine, other] = [await consent('hanging'), await consent('other-2')];
    const [hanging] = await containersOf(
      NAMESPACES.platform,
      'app.kubernetes.io/name=mcp-runtime-distributor',
    );
    if (hanging === undefined) throw new Error('there is no distributor');
    const noticed = await meanwhile(await others(other), async () => {
      await hanging.signal('SIGSTOP');
      try {
        await revoke(mine);
        await answers(mine, REVOKED);
      } finally {
        await hanging.signal('SIGCONT');
      }
      await staysRevoked(mine, 3_000);
    });
    expect(noticed).toEqual([]);
  });

  it('when the operators and one distributor are killed at that moment', async () => {
    const [mine, other] = [await consent('killed'), await consent('other-3')];
    const operators = await containersOf(NAMESPACES.platform, 'control-plane=controller-manager');
    const [distributor] = await containersOf(
      NAMESPACES.platform,
      'app.kubernetes.io/name=mcp-runtime-distributor',
    );
    const noticed = await meanwhile(await others(other), async () => {
      await Promise.all([
        ...operators.map((each) => each.signal('SIGKILL')),
        distributor?.signal('SIGKILL'),
        revoke(mine),
      ]);
      await answers(mine, REVOKED);
      await staysRevoked(mine, 3_000);
    });
    expect(operators.length).toBe(2);
    expect(noticed).toEqual([]);
    await cluster().kubectl(['rollout', 'status', 'deploy', '-n', NAMESPACES.platform, '--timeout=120s']);
  });

  it('when the API server goes and comes back, and calls go on meanwhile', async () => {
    const [mine, other] = [await consent('api-server'), await consent('other-4')];
    const noticed = await meanwhile(await others(other), async () => {
      await revoke(mine);
      await answers(mine, REVOKED);
      await cluster().stopApiServer();
      await staysRevoked(mine, 3_000);
      await cluster().startApiServer();
      await staysRevoked(mine, 3_000);
    });
    expect(noticed).toEqual([]);
    const after = await consent('after-api-server');
    await revoke(after);
    await answers(after, REVOKED, { timeoutMs: 60_000 });
  });
});
