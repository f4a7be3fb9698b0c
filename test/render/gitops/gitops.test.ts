import { describe, expect, it } from '@jest/globals';
import { Chart } from 'cdk8s';
import { parse } from 'yaml';
import { z } from 'zod';
import { isManifest, manifestKey, type Manifest } from '#constructs/kit/manifest.ts';
import { renderGitOps } from '#render/gitops/gitops.ts';
import { InvalidProgramError } from '#render/invalid-program-error.ts';
import type { RenderedFile } from '#render/rendered-file.ts';
import { synthesise, type Program } from '#render/synthesise.ts';
import { anObject, manifestsOf, wholePlatform } from '../programs.ts';

const kustomization = z.object({ resources: z.array(z.string()) });

const rendered = (program: Program) => renderGitOps(synthesise(program));
const pathsOf = (files: readonly RenderedFile[]) => files.map(({ path }) => path);

/** By path. */
const texts = (files: readonly RenderedFile[]) => new Map(files.map(({ path, text }) => [path, text]));

function refusal(program: Program): readonly string[] {
  try {
    rendered(program);
  } catch (error) {
    if (error instanceof InvalidProgramError) return error.problems.map((p) => `${p.path}: ${p.message}`);
    throw error;
  }
  throw new Error('nothing was refused');
}

function manifestIn(text: string): Manifest {
  const read: unknown = parse(text);
  if (!isManifest(read)) throw new Error(`no manifest: ${text}`);
  return read;
}

/** Without what is there for GitOps tools. */
function plain({ metadata, ...rest }: Manifest): unknown {
  const { annotations = {}, ...others } = metadata;
  const own = Object.entries(annotations).filter(([name]) => !/argoproj|fluxcd/.test(name));
  const kept = own.length === 0 ? {} : { annotations: Object.fromEntries(own) };
  return { ...rest, metadata: { ...others, ...kept } };
}

describe('renderGitOps', () => {
  it('is a folder for each stack and a file for each object, found by what the object is', () => {
    const paths = pathsOf(rendered(wholePlatform('notes')));
    expect(paths).toEqual(
      expect.arrayContaining([
        'kustomization.yaml',
        'bootstrap/customresourcedefinition.mcpservers.mcpruntime.org.yaml',
        'platform/namespace.mcp-runtime.yaml',
        'platform/deployment.mcp-runtime.mcp-runtime-distributor.yaml',
        'sentinel/statefulset.mcp-sentinel.mcp-sentinel.yaml',
        'team-a/kustomization.yaml',
        'team-a/mcpserver.team-a.notes.yaml',
        'team-a/mcpaccessgrant.team-a.notes-readers.yaml',
        'team-a/mcpagentsession.team-a.notes-demo.yaml',
        'team-a/namespace.team-a.yaml',
      ]),
    );
    expect(paths).toEqual(paths.toSorted());
    expect(paths.filter((path) => !/^([a-z0-9-]+\/)?[a-z0-9._-]+\.yaml$/.test(path))).toEqual([]);
  });

  it('holds the objects of the program and no others', () => {
    const program = synthesise(wholePlatform('notes', 'search'));
    const files = renderGitOps(program).filter(({ path }) => !path.endsWith('kustomization.yaml'));
    const inFiles = files.map(({ text }) => manifestIn(text));
    expect(new Map(inFiles.map((each) => [manifestKey(each), plain(each)]))).toEqual(
      new Map(manifestsOf(program).map((each) => [manifestKey(each), each])),
    );
  });

  it('names every file in the list of its folder, and every folder in the list above', () => {
    const files = rendered(wholePlatform('notes'));
    const listed = [...texts(files)].flatMap(([path, text]) => {
      if (!path.endsWith('kustomization.yaml')) return [];
      const folder = path.slice(0, -'kustomization.yaml'.length);
      const { resources } = kustomization.parse(parse(text));
      return resources.map((each) =>
        each.endsWith('.yaml') ? `${folder}${each}` : `${each}/kustomization.yaml`,
      );
    });
    expect(['kustomization.yaml', ...listed].sort()).toEqual([...pathsOf(files)].sort());
  });

  it('says in each file which construct it is of', () => {
    const text = texts(rendered(wholePlatform('notes'))).get('team-a/mcpserver.team-a.notes.yaml');
    expect(text).toMatch(
      /^# Written by mcp-runtime synth from team-a\/notes\/Resource; change the program instead\.\n/,
    );
  });

  it('changes nothing but the files of a new server, and adds their lines to the list of their folder', () => {
    const before = texts(rendered(wholePlatform('alpha', 'omega')));
    const after = texts(rendered(wholePlatform('alpha', 'middle', 'omega')));
    const added = [...after.keys()].filter((path) => !before.has(path));
    expect(added).toEqual([
      'team-a/mcpaccessgrant.team-a.middle-readers.yaml',
      'team-a/mcpagentsession.team-a.middle-demo.yaml',
      'team-a/mcpserver.team-a.middle.yaml',
    ]);
    const changed = [...before].filter(([path, text]) => after.get(path) !== text).map(([path]) => path);
    expect(changed).toEqual(['team-a/kustomization.yaml']);
    const lines = (files: ReadonlyMap<string, string>) =>
      files.get('team-a/kustomization.yaml')?.split('\n') ?? [];
    const own = new Set(added.map((path) => `  - ${path.slice('team-a/'.length)}`));
    expect(lines(after).filter((line) => !own.has(line))).toEqual(lines(before));
    expect(lines(after)).toHaveLength(lines(before).length + added.length);
  });

  it('is the same whatever the order of the program', () => {
    expect(rendered(wholePlatform('a', 'b', 'c'))).toEqual(rendered(wholePlatform('c', 'a', 'b')));
  });

  it('tells kinds of one name apart by their groups, and only these', () => {
    const files = rendered((app) => {
      const chart = new Chart(app, 'ways-in', { namespace: 'ingress' });
      const metadata = { name: 'public' };
      anObject(chart, 'a', { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata });
      anObject(chart, 'b', { apiVersion: 'networking.istio.io/v1', kind: 'Gateway', metadata });
      anObject(chart, 'c', { metadata });
    });
    expect(pathsOf(files)).toEqual([
      'kustomization.yaml',
      'ways-in/configmap.ingress.public.yaml',
      'ways-in/gateway.gateway.networking.k8s.io.ingress.public.yaml',
      'ways-in/gateway.networking.istio.io.ingress.public.yaml',
      'ways-in/kustomization.yaml',
    ]);
  });

  it('writes names of roles, which may hold nearly anything, as names of files', () => {
    const files = rendered((app) => {
      const metadata = { name: 'System:Odd name' };
      const chart = new Chart(app, 'Roles');
      anObject(chart, 'a', { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata });
      anObject(chart, 'b', { metadata: { name: `a${'b'.repeat(252)}` } });
    });
    expect(pathsOf(files)).toContain('roles/clusterrole.system_odd_name.yaml');
    expect(Math.max(...pathsOf(files).map((path) => path.length))).toBeLessThan(255);
  });
});

describe('renderGitOps refuses', () => {
  it('a Secret that holds something, by the path of its construct, and takes one that is empty', () => {
    const secret = (chart: Chart, id: string, members: object) =>
      anObject(chart, id, { kind: 'Secret', ...members });
    const problems = refusal((app) => {
      const chart = new Chart(app, 'keys', { namespace: 'team-a' });
      secret(chart, 'token', { stringData: { token: 'of-somebody' } });
      secret(chart, 'login', { data: { password: 'cGFzcw==' } });
      secret(chart, 'empty', { data: {} });
    });
    expect(problems.map((each) => each.split(',')[0])).toEqual([
      'keys/token: Secret team-a/token holds a secret',
      'keys/login: Secret team-a/login holds a secret',
    ]);
    expect(problems.join()).not.toMatch(/of-somebody|cGFzcw/);
  });

  it('stacks that would be one folder, or that of a tool', () => {
    const problems = refusal((app) => {
      for (const id of ['Team', 'team', 'flux'])
        anObject(new Chart(app, id), id.toLowerCase(), { metadata: { name: id } });
    });
    expect(problems).toEqual([
      'team: would be in the folder of the stack Team; rename one of them',
      'flux: the folder flux is for the tool of that name; rename the stack',
    ]);
  });

  it('objects that would be one file', () => {
    const problems = refusal((app) => {
      const chart = new Chart(app, 'roles');
      for (const name of ['a:b', 'a_b']) {
        anObject(chart, name, {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: 'ClusterRole',
          metadata: { name },
        });
      }
    });
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(/^roles\/a:b: .*ClusterRole a:b would be in clusterrole\.rbac.*a_b\.yaml/);
  });

  it('stacks that wait for each other', () => {
    const problems = refusal((app) => {
      const [one, two] = [new Chart(app, 'one'), new Chart(app, 'two')];
      anObject(one, 'a', { kind: 'Namespace' });
      anObject(one, 'b', { metadata: { name: 'b', namespace: 'c' } });
      anObject(two, 'c', { kind: 'Namespace' });
      anObject(two, 'd', { metadata: { name: 'd', namespace: 'a' } });
    });
    expect(problems.map((each) => each.split(' first')[0])).toEqual([
      'one: and two each need the other',
      'two: and one each need the other',
    ]);
  });
});
