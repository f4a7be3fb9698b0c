// The GitOps output of a team's platform, applied for real: by kubectl and kustomize alone, stack by stack in its order,
// onto an API server of its own beside which nothing runs. So whatever changes there, the output changed it.
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { SideEffect } from '#api/side-effect.ts';
import { Trust } from '#api/trust.ts';
import { isManifest, manifestKey } from '#constructs/kit/manifest.ts';
import { Auth } from '#constructs/server/auth.ts';
import { Tool } from '#constructs/server/tool.ts';
import { renderGitOps } from '#render/gitops/gitops.ts';
import { writeFolder } from '#render/output-folder.ts';
import { isDefinition } from '#render/needs.ts';
import { stackOrder, type StackOrder } from '#render/stack-order.ts';
import { synthesise } from '#render/synthesise.ts';
import { Platform } from '#stacks/platform.ts';
import { manifestsOf } from '#test/render/programs.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';
import { environmentsOf } from '../harness/environments.ts';
import { ownCluster, type OwnCluster } from '../harness/own-cluster.ts';

const { accepted } = environmentsOf('team');

/** The platform of a team with its servers, by the version of each. */
const programOf = (servers: Readonly<Record<string, string>>) =>
  synthesise((app) => {
    const environment = accepted.get('observability prometheus-operator');
    if (environment === undefined) throw new Error('no such environment');
    const team = new Platform(app, environment).team('lab');
    for (const [name, version] of Object.entries(servers)) {
      const server = team.server(name, {
        image: `registry.example.org/lab/${name}:${version}`,
        auth: Auth.oauth({ issuerUrl: 'https://login.example.org' }),
        tools: [Tool.read('look')],
      });
      server.grant(`${name}-readers`, {
        subject: { team: 'lab' },
        maxTrust: Trust.LOW,
        sideEffects: [SideEffect.READ],
      });
      server.session(`${name}-review`, {
        subject: { human: 'user-1' },
        consentedTrust: Trust.LOW,
        expiresAt: '2030-01-01T00:00:00Z',
      });
    }
  });

const program = programOf({ notes: '1.0.0', search: '1.0.0' });
const changed = programOf({ notes: '1.1.0', search: '1.0.0' });

/** All stacks, each after those that it waits for. */
function inOrder(order: StackOrder): readonly string[] {
  const sorted: string[] = [];
  const add = (stack: string): void => {
    if (sorted.includes(stack)) return;
    for (const before of order.get(stack) ?? []) add(before);
    sorted.push(stack);
  };
  for (const stack of order.keys()) add(stack);
  return sorted;
}

const read = z.object({
  items: z.array(z.looseObject({ metadata: z.looseObject({ resourceVersion: z.string() }) })),
});

let own: OwnCluster;
let temporary: TemporaryFolder;

const kubectl = (...args: readonly string[]) => own.kubectl(args);

const folder = (...names: readonly string[]) => path.join(temporary.path, 'deploy', ...names);

/** Writes what a program is now, over what it was, and applies it as a tool of GitOps does. Nothing complains. */
async function deploy(synthesised: typeof program): Promise<void> {
  writeFolder(folder(), renderGitOps(synthesised));
  for (const stack of inOrder(stackOrder(synthesised))) {
    const { stderr } = await kubectl('apply', '--server-side', '--validate=strict', '-k', folder(stack));
    expect([stack, stderr]).toEqual([stack, '']);
    const chart = synthesised.charts.find(({ name }) => name === stack);
    if (chart?.objects.some(({ manifest }) => isDefinition(manifest)) === true) await own.untilEstablished();
  }
}

/** Every object of the output as the API server has it, with who set what, and its version apart. */
async function stored(): Promise<
  ReadonlyMap<string, { readonly version: string; readonly content: unknown }>
> {
  const { stdout } = await kubectl('get', '--show-managed-fields', '-k', folder(), '-o', 'json');
  const json: unknown = JSON.parse(stdout);
  return new Map(
    read.parse(json).items.map((item) => {
      if (!isManifest(item)) throw new Error('kubectl returned something that is no object');
      const { resourceVersion: version, ...metadata } = item.metadata;
      return [manifestKey(item), { version, content: { ...item, metadata } }];
    }),
  );
}

/** Of every object of the output, its version in the API server. */
const versions = async (): Promise<ReadonlyMap<string, string>> =>
  new Map([...(await stored())].map(([key, { version }]) => [key, version]));

const hasStatus = (content: unknown) =>
  typeof content === 'object' && content !== null && 'status' in content;

const differing = (before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>) =>
  [...after].flatMap(([key, version]) => (before.get(key) === version ? [] : [key])).sort();

beforeAll(async () => {
  temporary = temporaryFolder();
  own = await ownCluster(false);
});
afterAll(async () => {
  await own.stop();
  temporary.remove();
});

describe('the GitOps output of a team', () => {
  it('is applied stack by stack, in its order', async () => {
    await deploy(program);
    expect([...(await versions()).keys()].sort()).toEqual(manifestsOf(program).map(manifestKey).sort());
  });

  it('changes nothing when it is applied again', async () => {
    const before = await stored();
    await deploy(program);
    const after = await stored();
    const contents = (of: typeof before) => new Map([...of].map(([key, { content }]) => [key, content]));
    expect(contents(after)).toEqual(contents(before));
    // The first write after its creation stores the default of a status, whoever makes it. After that there is none.
    const keys = [...after].flatMap(([key, { version, content }]) =>
      version === before.get(key)?.version || hasStatus(content) ? [] : [key],
    );
    expect(keys).toEqual([]);
  });

  it('changes the object that another version of its program changes, and no other', async () => {
    const before = await versions();
    await deploy(changed);
    expect(differing(before, await versions())).toEqual(['mcpruntime.org/MCPServer mcp-team-lab/notes']);
  });

  it('leaves a session revoked that somebody revoked', async () => {
    const session = ['mcpagentsession', 'notes-review', '--namespace', 'mcp-team-lab'];
    await kubectl('patch', ...session, '--type=merge', '--patch={"spec":{"revoked":true}}');
    const before = await versions();
    await deploy(changed);
    expect(differing(before, await versions())).toEqual([]);
    const { stdout } = await kubectl('get', ...session, '-o', 'jsonpath={.spec.revoked}');
    expect(stdout).toBe('true');
  });

  it('adds what a new server is of, and touches nothing else', async () => {
    const before = await versions();
    await deploy(programOf({ notes: '1.1.0', papers: '1.0.0', search: '1.0.0' }));
    expect(differing(before, await versions())).toEqual([
      'mcpruntime.org/MCPAccessGrant mcp-team-lab/papers-readers',
      'mcpruntime.org/MCPAgentSession mcp-team-lab/papers-review',
      'mcpruntime.org/MCPServer mcp-team-lab/papers',
    ]);
  });
});
