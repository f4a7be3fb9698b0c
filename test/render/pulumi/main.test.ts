// `pulumi up`, as the engine runs it: one program, with the configuration of one stack.
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import program from '#examples/quickstart/program.ts';
import { synthesise } from '#render/synthesise.ts';
import { manifestsOf } from '../programs.ts';
import { registrations, SEALED, type Registration } from './mocks.ts';

let registered: readonly Registration[] = [];

beforeAll(async () => {
  registered = await registrations(() => import(pathToFileURL(path.resolve('main.pulumi.ts')).href), {
    'mcp-runtime:program': 'examples/quickstart/program.ts',
    'mcp-runtime:waitUntilReady': 'false',
    'mcp-runtime:secrets': JSON.stringify({ 'mcp-servers/token': { key: 'of-somebody' } }),
  });
}, 60_000);

const secret = 'kubernetes:core/v1:Secret mcp-servers/token';

/** JSON with the members of every object in one order. */
function text(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

describe('main.pulumi.ts', () => {
  it('registers the objects that the files hold, and the secrets of the stack', () => {
    const others = registered.filter(({ what }) => what !== secret).map(({ inputs }) => text(inputs));
    expect(others.sort()).toEqual(manifestsOf(synthesise(program)).map(text).sort());
    expect(registered.filter(({ what }) => what === secret)).toHaveLength(1);
  });

  it('seals the secrets of the stack', () => {
    const { inputs } = registered.find(({ what }) => what === secret) ?? {};
    expect(inputs).toMatchObject({ stringData: SEALED });
  });

  it('makes objects after the namespace that they are in', () => {
    const namespace = 'urn:pulumi:stack::project::kubernetes:core/v1:Namespace::mcp-servers';
    const inside = registered.filter(({ what }) => what.includes(' mcp-servers/'));
    expect(inside.length).toBeGreaterThan(5);
    for (const { after } of inside) expect(after).toContain(namespace);
  });
});
