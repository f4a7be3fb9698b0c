// Mirroring from one real registry into another, by the command that people type.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { App } from 'cdk8s';
import { z } from 'zod';
import { viewOf } from '#checks/program-view.ts';
import { imagesOf } from '#render/images.ts';
import { loadProgram } from '#render/load-program.ts';
import { synthesiseApp } from '#render/synthesise.ts';
import { renderYaml } from '#render/yaml.ts';
import { main } from '../../../cli/command-line.ts';
import { Skopeo } from '../../../cli/mirror/skopeo.ts';
import { CliProcess, root } from '#test/runtime/local/harness/platform-process.ts';
import { temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';
import { TestRegistry } from './test-registry.ts';
import { inspect, push } from './tiny-images.ts';

/** Many programs are started, on a machine that may be busy. */
const TIMEOUT = 300_000;
jest.setTimeout(TIMEOUT);

const PLATFORM = ['operator', 'distributor', 'proxy', 'sentinel'].map((name) => `mcp-runtime/${name}:1.0.0`);
const TAGGED = [...PLATFORM, 'team/notes:2', 'tools/agent:3'];

let source: TestRegistry;
let target: TestRegistry;
let folder: TemporaryFolder;
/** Of `tools/pinned`, which is pulled by it. */
let pinned = '';

/** A platform, a server, and pods that somebody else wrote, in a file of their own. */
function writeProgram(
  name: string,
  { mirror, server = 'team/notes:2' }: { mirror?: string; server?: string } = {},
): string {
  const file = path.join(folder.path, `${name}.ts`);
  const images = {
    repository: source.image('mcp-runtime'),
    tag: '1.0.0',
    ...(mirror !== undefined && { mirror }),
  };
  const registry = { mode: 'external', host: 'own.example.org' };
  const pod = {
    containers: [
      { name: 'agent', image: source.image('tools/agent:3') },
      { name: 'pinned', image: source.image(`tools/pinned@${pinned}`) },
    ],
  };
  writeFileSync(
    file,
    `
    import { Auth, McpServer, Platform } from '${path.join(root, 'src/index.ts')}';
    import { ApiObject } from 'cdk8s';
    export default (app: never) => {
      const environment = ${JSON.stringify({ profile: 'laptop', images, registry })} as const;
      const stack = new Platform(app, environment).servers();
      new McpServer(stack, 'notes', { image: '${source.image(server)}', auth: Auth.header() });
      new McpServer(stack, 'own', { image: 'own:1', useProvisionedRegistry: true, auth: Auth.header() });
      new ApiObject(stack, 'agent', {
        apiVersion: 'apps/v1', kind: 'DaemonSet', metadata: { name: 'agent' },
        spec: { selector: {}, template: { spec: ${JSON.stringify(pod)} } },
      });
    };`,
  );
  return file;
}

beforeAll(async () => {
  await new Skopeo({ insecure: [] }, new AbortController().signal).check();
  [source, target] = await Promise.all([TestRegistry.start(), TestRegistry.start()]);
  folder = temporaryFolder(path.join(root, '.build'));
  for (const name of TAGGED) {
    await push(source.image(name), name.startsWith('team/') ? { architectures: ['amd64', 'arm64'] } : {});
  }
  await push(source.image('tools/pinned:any'));
  pinned = (await inspect(source.image('tools/pinned:any'))).digest;
});

afterAll(async () => {
  await Promise.all([source.close(), target.close()]);
  folder.remove();
});

const names = () => [...TAGGED, `tools/pinned@${pinned}`];

const outcomes = z.object({
  environment: z.object({ images: z.object({ mirror: z.string() }) }),
  images: z.array(
    z.looseObject({
      source: z.string(),
      target: z.string(),
      state: z.string(),
      digest: z.string().optional(),
    }),
  ),
  kept: z.array(z.object({ image: z.string() }).loose()),
});

/** Runs the command line in this process. */
async function run(...args: readonly string[]) {
  let [output, stdout] = ['', ''];
  const written = [
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
      stdout += String(text);
      output += String(text);
      return true;
    }),
    jest.spyOn(process.stderr, 'write').mockImplementation((text) => {
      output += String(text);
      return true;
    }),
  ];
  try {
    const code = await main(['images', 'mirror', ...args]);
    return { code, output, stdout };
  } finally {
    for (const spy of written) spy.mockRestore();
  }
}

/** Standard output is one JSON text. */
async function mirrorJson(program: string, to: string) {
  const { code, stdout } = await run(program, '--to', to, '--json');
  expect(code).toBe(0);
  return outcomes.parse(JSON.parse(stdout));
}

describe('mcp-runtime images mirror', () => {
  it('says what it would copy where, without a tool and without copying', async () => {
    const to = target.image('dry');
    const cli = new CliProcess(
      ['images', 'mirror', writeProgram('dry'), '--to', to, '--dry-run'],
      undefined,
      {
        PATH: '/nowhere',
      },
    );
    expect([await cli.ended, cli.output]).toEqual([0, expect.any(String)]);
    for (const name of names()) expect(cli.output).toContain(`${source.image(name)} → ${to}/${name}\n`);
    expect(cli.output).toContain('own.example.org/own:1 stays');
    expect(cli.output).toContain(`  images:\n    mirror: ${to}\n`);
    expect(target.writes).toBe(0);
  });

  it('copies all with all architectures, once, and the program then names nothing else', async () => {
    const to = target.image('all');
    const first = new CliProcess(['images', 'mirror', writeProgram('all'), '--to', to]);
    expect([await first.ended, first.output]).toEqual([0, expect.stringContaining('7 images: 7 copied')]);
    for (const name of names()) {
      const [original, copy] = await Promise.all([inspect(source.image(name)), inspect(`${to}/${name}`)]);
      expect(copy).toEqual(original);
      expect(first.output).toContain(`copied   ${source.image(name)} → ${to}/${name}  ${original.digest}\n`);
    }
    const index = z.object({ manifests: z.array(z.object({ digest: z.string() })) });
    const { manifests } = index.parse(JSON.parse((await inspect(`${to}/team/notes:2`)).manifest));
    expect(manifests).toHaveLength(2);
    for (const { digest } of manifests) await inspect(`${to}/team/notes@${digest}`);

    // The second time the environment says where to.
    const { writes } = target;
    const program = writeProgram('mirrored', { mirror: to });
    const second = await run(program);
    expect([second.code, second.output]).toEqual([0, expect.stringContaining('7 images: 7 there already')]);
    expect(second.output).toContain('The environment has them pulled from there already');
    expect(target.writes).toBe(writes);

    const app = new App();
    (await loadProgram(program))(app);
    const pulled = imagesOf(viewOf(app.node.findAll()))
      .map(({ image }) => image)
      .filter((image) => image !== 'own.example.org/own:1');
    expect(pulled).toEqual(
      names()
        .map((name) => `${to}/${name}`)
        .sort(),
    );
    for (const image of pulled) await inspect(image);
    const files = renderYaml(synthesiseApp(app));
    const rendered = files.flatMap(({ text }) => [...text.matchAll(/^ +(?:- )?image: "?([^"\n]+)"?$/gm)]);
    const named = rendered.map(([, image = '']) => image);
    // A server's own name stays in its resource: the operator knows the mirror.
    expect(named.filter((image) => !image.startsWith(`${to}/`)).sort()).toEqual(
      ['own:1', source.image('team/notes:2')].sort(),
    );
    expect(named).toEqual(
      expect.arrayContaining([`${to}/tools/pinned@${pinned}`, `${to}/mcp-runtime/operator:1.0.0`]),
    );
  });

  it('copies a tag again that means another image now', async () => {
    const to = target.image('moved');
    await push(source.image('team/moved:1'), { content: 'first' });
    const before = await inspect(source.image('team/moved:1'));
    const program = writeProgram('moved', { server: 'team/moved:1' });
    await mirrorJson(program, to);
    await push(source.image('team/moved:1'), { content: 'second' });
    const after = await inspect(source.image('team/moved:1'));
    const told = await mirrorJson(program, to);
    expect(told.environment.images.mirror).toBe(to);
    expect(told.kept.map(({ image }) => image)).toEqual(['own.example.org/own:1']);
    expect(told.images.filter(({ state }) => state !== 'present')).toEqual([
      {
        source: source.image('team/moved:1'),
        target: `${to}/team/moved:1`,
        uses: ['mcpruntime.org/MCPServer mcp-servers/notes'],
        state: 'updated',
        digest: after.digest,
        replaced: before.digest,
      },
    ]);
    expect((await inspect(`${to}/team/moved:1`)).digest).toBe(after.digest);
  });

  it('copies the others where one is missing, and says at the end which and who needs it', async () => {
    const to = target.image('partly');
    const program = writeProgram('partly', { server: 'team/forgotten:1' });
    const { code, output } = await run(program, '--to', to);
    expect([code, output]).toEqual([2, expect.stringContaining('7 images: 6 copied, 1 failed')]);
    expect(output).toContain(`error: There is no ${source.image('team/forgotten:1')}.`);
    expect(output).toContain('pulled by mcpruntime.org/MCPServer mcp-servers/notes');
    expect(output).toContain('remedy Push it there, or correct its name in the program.');
    expect(output).not.toContain('Say so in the environment');
    for (const name of names().filter((each) => each !== 'team/notes:2')) await inspect(`${to}/${name}`);
  });

  it('says of every image that the registry is away', async () => {
    const gone = await TestRegistry.start();
    await gone.close();
    const { code, output } = await run(writeProgram('away'), '--to', gone.image('all'));
    expect([code, output]).toEqual([2, expect.stringContaining('7 images: 7 failed')]);
    expect(output.split(`error: ${gone.host} does not answer.`)).toHaveLength(8);
    expect(output).toContain(`remedy See that ${gone.host} is up and reached from here`);
  });

  it('refuses two images that would be one, and copies nothing', async () => {
    const { writes } = target;
    const other = 'other.example.org/tools/agent:3';
    const program = writeProgram('collision');
    writeFileSync(
      program,
      `
      import { Auth, McpServer, ServersStack } from '${path.join(root, 'src/index.ts')}';
      export default (app: never) => {
        const stack = new ServersStack(app, 'team', {});
        new McpServer(stack, 'one', { image: '${source.image('tools/agent:3')}', auth: Auth.header() });
        new McpServer(stack, 'two', { image: '${other}', auth: Auth.header() });
      };`,
    );
    const to = target.image('all');
    const { code, output } = await run(program, '--to', to);
    expect([code, output]).toEqual([2, expect.stringContaining('Different images would have one name')]);
    expect(output).toContain(`${to}/tools/agent:3: ${source.image('tools/agent:3')} and ${other}`);
    expect(target.writes).toBe(writes);
  });

  it('needs skopeo, and says how to get it', async () => {
    const args = ['images', 'mirror', writeProgram('toolless'), '--to', target.image('all')];
    const cli = new CliProcess(args, undefined, { PATH: '/nowhere' });
    expect([await cli.ended, cli.output]).toEqual([2, expect.stringContaining('skopeo is not on PATH')]);
    expect(cli.output).toContain('apt-get install skopeo');
  });

  it.each<[string, readonly string[], string]>([
    ['no place to copy to', [], 'Add --to <registry>, or images.mirror to the environment.'],
    ['a place with a scheme', ['--to', 'https://m.example.org'], 'It must be a host with a dot or a port'],
    [
      'a registry that has nothing to do with it',
      ['--to', 'm.example.org', '--insecure', 'n.example.org'],
      '--insecure n.example.org is no registry of these images',
    ],
    [
      'a login that is not there',
      ['--to', 'm.example.org', '--authfile', '/nowhere/auth.json'],
      'there is no /nowhere/auth.json',
    ],
  ])('refuses %s', async (_what, args, told) => {
    const { code, output } = await run(writeProgram('refused'), ...args);
    expect([code, output]).toEqual([2, expect.stringContaining(told)]);
  });

  it('ends with what is wrong with a program', async () => {
    expect(await run('missing.ts', '--to', target.image('all'))).toMatchObject({
      code: 2,
      output: expect.stringContaining('missing.ts: there is no such program'),
    });
  });
});
