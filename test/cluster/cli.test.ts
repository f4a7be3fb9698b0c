// The command line against a cluster: what it writes is one field, under a name of its own.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { aServer, aSession, make } from './harness/builders.ts';
import { cluster } from './harness/cluster.ts';
import { namespace as freshNamespace } from './harness/namespace.ts';
import { at } from './harness/objects.ts';

const root = path.resolve(import.meta.dirname, '../..');

interface Ended {
  readonly code: number;
  readonly output: string;
}

function run(user: string, ...args: readonly string[]): Promise<Ended> {
  const env = { ...process.env, KUBECONFIG: cluster().about.users[user]?.kubeconfig };
  const all = ['--import', 'tsx', path.join(root, 'cli/main.ts'), ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { cwd: root, env, timeout: 200_000 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, output: stdout + stderr });
    });
  });
}

describe('mcp-runtime session, in a cluster', () => {
  const namespace = freshNamespace('cli');

  beforeAll(async () => {
    await make(
      aServer(namespace, 'notes'),
      aSession(namespace, 'demo', 'notes', { consentedTrust: 'low', expiresAt: '2999-01-01T00:00:00Z' }),
    );
  });

  it('lists what is there', async () => {
    const { code, output } = await run('admin', 'session', 'list', '-n', namespace);
    expect(output).toMatch(new RegExp(`^${namespace}/demo +\\w+ +notes +humanID=ada +low +2999-01-01`, 'm'));
    expect(code).toBe(0);
  });

  it('says what is wrong with a name or a right', async () => {
    const unknown = await run('admin', 'session', 'revoke', 'nobody', '-n', namespace);
    expect(unknown).toMatchObject({ code: 2, output: expect.stringContaining('There is no session nobody') });
    const forbidden = await run('alice', 'session', 'revoke', 'demo', '-n', namespace);
    expect(forbidden).toMatchObject({ code: 2, output: expect.stringMatching(/alice.*cannot patch/) });
  });

  it('revokes for good, and writes nothing else', async () => {
    const { code, output } = await run('admin', 'session', 'revoke', `${namespace}/demo`, '--cluster');
    expect(output).toContain(`revoked  ${namespace}/demo`);
    expect(code).toBe(0);
    const session = await cluster().must('MCPAgentSession', 'demo', namespace);
    expect(at(session, 'spec', 'revoked')).toBe(true);
    const mine = session.metadata.managedFields?.find(({ manager }) => manager === 'mcp-runtime-cli');
    expect(at(mine, 'fieldsV1')).toEqual({ 'f:spec': { 'f:revoked': {} } });
    const again = await cluster().apply(
      aSession(namespace, 'demo', 'notes', { consentedTrust: 'low', expiresAt: '2999-01-01T00:00:00Z' }),
      { allowFailure: true },
    );
    expect(again.code).toBe(0);
    expect(at(await cluster().must('MCPAgentSession', 'demo', namespace), 'spec', 'revoked')).toBe(true);
  });
});
