import { describe, expect, it } from '@jest/globals';
import { workloadObjects } from '#constructs/server/mcp-server-workload.ts';
import { sealPolicy, type PolicyDocument } from '#policy/document.ts';
import { policyFiles } from '#policy/policy-file.ts';
import { CONFIG, policyOf, storedServer } from './workload-build.ts';

const server = storedServer();

function withLongTools(count: number): PolicyDocument {
  const { revision, inputs, epoch, ...content } = policyOf(server);
  expect(revision).toMatch(/^sha256:/);
  const tools = Array.from({ length: count }, (_, at) => ({
    name: `${'tool'.repeat(30)}-${at}`,
    requiredTrust: 'low' as const,
    riskLevel: 'low' as const,
  }));
  return sealPolicy({ ...content, tools }, inputs, epoch);
}

describe('the policy ConfigMap of a server', () => {
  it.each([
    ['plain', 'data', policyOf(server)],
    ['gzip', 'binaryData', withLongTools(2_000)],
  ] as const)('holds a policy as %s in %s alone, whatever its size', (form, member, policy) => {
    const found = workloadObjects({ server, config: CONFIG, policy }).find(
      ({ kind }) => kind === 'ConfigMap',
    );
    const { form: chosen, ...files } = policyFiles(policy);
    expect(chosen).toBe(form);
    expect(Object.keys(files)).toEqual([member]);
    expect(found).toMatchObject({ ...files, metadata: { name: 'notes-gateway-policy' } });
    expect(found).not.toHaveProperty(member === 'data' ? 'binaryData' : 'data');
  });
});
