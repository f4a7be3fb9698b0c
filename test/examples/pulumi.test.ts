import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { registrations, SEALED, type Registration } from '../render/pulumi/mocks.ts';

const index = pathToFileURL(path.resolve('examples/pulumi/index.ts')).href;
const component = 'urn:pulumi:stack::project::mcp-runtime:index:Program::assistant';
const secret = 'kubernetes:core/v1:Secret assistant/search-key';

let registered: readonly Registration[] = [];
beforeAll(async () => {
  registered = await registrations(() => import(index), { 'assistant:searchKey': 'of-somebody' });
}, 60_000);

describe('examples/pulumi', () => {
  it('registers the server, its grant and its secret within one component', () => {
    const inside = registered.filter(({ parent }) => parent === component).map(({ what }) => what);
    expect(inside.sort()).toEqual(
      [
        secret,
        'kubernetes:core/v1:Namespace assistant',
        'kubernetes:mcpruntime.org/v1alpha1:MCPAccessGrant assistant/everybody',
        'kubernetes:mcpruntime.org/v1alpha1:MCPServer assistant/search',
      ].sort(),
    );
  });

  it('seals the value of the stack under the name that the server reads', () => {
    const inputs = registered.find(({ what }) => what === secret)?.inputs;
    expect(inputs).toMatchObject({ stringData: SEALED });
    const server = registered.find(({ what }) => what.endsWith('MCPServer assistant/search'));
    expect(JSON.stringify(server?.inputs)).toContain('"name":"search-key"');
    expect(JSON.stringify(registered.filter(({ what }) => what !== secret))).not.toContain('of-somebody');
  });
});
