// The platform's authority is followed by another one while everything runs: nobody loses a call, no proxy is left without
// policy, and what the old one vouched for is worth nothing in the end. Months are seconds here; what is trusted when is a
// pure function of ages, with tests of its own.
import { afterAll, describe, expect, it, jest } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import { DISTRIBUTOR, NAMESPACES, PLATFORM_CA } from '#api/names.ts';
import { OPERATOR } from '#constructs/control-plane/names.ts';
import { becomes } from '#test/cluster/harness/builders.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { until } from '#test/cluster/harness/eventually.ts';
import { at, conditionLine } from '#test/cluster/harness/objects.ts';
import { answers, callNotes, consent, everythingCaller, meanwhile, NAMESPACE } from './harness/consents.ts';

jest.setTimeout(300_000);

const LONG = { timeoutMs: 90_000, everyMs: 250 };
const VARIABLES = ['MCP_CA_ROTATE_AFTER_SECONDS', 'MCP_CA_OVERLAP_SECONDS'] as const;

const platform = ['-n', NAMESPACES.platform, '--timeout=120s'];

/** Sets the operator's variables, and waits until it runs with them. */
async function setOperator(...settings: readonly string[]): Promise<void> {
  const deployment = `deployment/${OPERATOR.deployment}`;
  await cluster().kubectl(['set', 'env', deployment, ...settings, '-n', NAMESPACES.platform]);
  await cluster().kubectl(['rollout', 'status', deployment, ...platform]);
}

/** Certificates that proxies of the quickstart trust, oldest first. */
async function trusted(): Promise<readonly X509Certificate[]> {
  const map = await cluster().must('ConfigMap', PLATFORM_CA, NAMESPACE);
  const text = String(at(map, 'data', 'ca.crt'));
  const parts = text.split(/(?<=-----END CERTIFICATE-----\n)/).filter((part) => part.trim() !== '');
  return parts.map((part) => new X509Certificate(part));
}

async function served(): Promise<X509Certificate> {
  const secret = await cluster().must('Secret', DISTRIBUTOR.tlsSecret, NAMESPACES.platform);
  return new X509Certificate(Buffer.from(String(at(secret, 'data', 'tls.crt')), 'base64'));
}

const isBy = (certificate: X509Certificate, authority: X509Certificate | undefined) =>
  authority !== undefined && certificate.verify(authority.publicKey);

const knows = (certificates: readonly X509Certificate[], one: X509Certificate | undefined) =>
  certificates.some(({ fingerprint256 }) => fingerprint256 === one?.fingerprint256);

describe('the authority of the platform', () => {
  afterAll(() => setOperator(...VARIABLES.map((name) => `${name}-`)));

  it('is followed by another one, and nobody notices', async () => {
    const old = (await trusted()).at(-1);
    const other = await consent('during-rotation');
    const noticed = await meanwhile([() => callNotes(other), await everythingCaller()], async () => {
      await setOperator('MCP_CA_ROTATE_AFTER_SECONDS=60', 'MCP_CA_OVERLAP_SECONDS=20');
      const both = await until(
        'both are trusted',
        trusted,
        (now) => now.length >= 2 && knows(now, old),
        LONG,
      );
      // Whoever has not heard of the new one yet still believes what is served.
      expect(isBy(await served(), old)).toBe(true);
      await until('the new one signs', served, (now) => isBy(now, both.at(-1)), LONG);
      // Every stream is opened anew, under the new certificate.
      const distributors = `deployment/${DISTRIBUTOR.deployment}`;
      await cluster().kubectl(['rollout', 'restart', distributors, '-n', NAMESPACES.platform]);
      await cluster().kubectl(['rollout', 'status', distributors, ...platform]);
      const mine = await consent('under-new-certificate');
      await cluster().patch('MCPAgentSession', mine, NAMESPACE, { spec: { revoked: true } });
      await answers(mine, 'session_revoked');
      await until('the old one is forgotten', trusted, (now) => !knows(now, old), LONG);
    });
    expect(noticed).toEqual([]);
    const synced = (server: unknown) => conditionLine(server, 'PolicySynced');
    for (const name of ['notes', 'everything'])
      await becomes('MCPServer', NAMESPACE, name, synced, 'True Observed', { timeoutMs: 60_000 });
  });
});
