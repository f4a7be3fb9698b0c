import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { isSecret, output, runtime } from '@pulumi/pulumi';
import { synthesise } from '#render/synthesise.ts';
import program from '#examples/quickstart/program.ts';

interface Registered {
  readonly type: string;
  readonly name: string;
  /** As text, because Pulumi's own lists and objects are of another realm. */
  readonly inputs: string;
}

/** JSON with the members of every object in one order. */
function text(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

const registered: Registered[] = [];

beforeAll(async () => {
  // Before anything creates a resource: the mocks are the engine.
  await runtime.setMocks({
    newResource: ({ type, name, inputs }) => {
      registered.push({ type, name, inputs: text(inputs) });
      return { id: name, state: {} };
    },
    call: () => ({}),
  });
  await import(pathToFileURL(path.resolve('main.pulumi.ts')).href);
  await runtime.disconnect();
});

const types = () => registered.map(({ type, name }) => `${type} ${name}`);

describe('main.pulumi.ts', () => {
  it('registers the objects that the files hold, and no others', () => {
    const manifests = synthesise(program).charts.flatMap(({ objects }) => objects.map((o) => o.manifest));
    expect(registered.map(({ inputs }) => inputs).sort()).toEqual(manifests.map(text).sort());
  });

  it('uses the types and names of the native SDK', () => {
    expect(types()).toEqual(
      expect.arrayContaining([
        'kubernetes:core/v1:Namespace mcp-servers',
        'kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition mcpservers.mcpruntime.org',
        'kubernetes:mcpruntime.org/v1alpha1:MCPServer mcp-servers/notes',
        'kubernetes:mcpruntime.org/v1alpha1:MCPAccessGrant mcp-servers/editors',
        'kubernetes:mcpruntime.org/v1alpha1:MCPAgentSession mcp-servers/demo',
      ]),
    );
  });

  it('makes definitions and namespaces before the objects that need them', () => {
    const firstOfOurs = types().findIndex((type) => type.includes('mcpruntime.org/v1alpha1'));
    const foundation = types().filter((type) => /CustomResourceDefinition|Namespace/.test(type));
    expect(foundation).toHaveLength(4);
    expect(types().slice(0, firstOfOurs).sort()).toEqual(foundation.sort());
  });
});

describe('a Secret', () => {
  it('is registered with its content sealed', async () => {
    const { pulumiInputs } = await import('#render/pulumi.ts');
    const metadata = { name: 'token', namespace: 'mcp-servers' };
    const inputs = pulumiInputs({ apiVersion: 'v1', kind: 'Secret', metadata, stringData: { key: 'k' } });
    expect(await isSecret(output(inputs.stringData))).toBe(true);
    expect(inputs.metadata).toEqual(metadata);
  });
});
