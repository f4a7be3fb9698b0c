// How programs are built from Go modules: in a throw-away module inside the cache's folder, each program moved into
// its place when it is whole, so that a build that was broken off leaves nothing that looks like an engine.
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { go, type GoOptions } from './go.ts';
import type { Product } from './product.ts';

/**
 * Builds programs of a product into a folder.
 * @throws EngineError where Go refuses
 */
export async function buildPrograms(
  product: Product,
  programs: readonly string[],
  folder: string,
  options: GoOptions,
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const workshop = await mkdtemp(`${folder}.build-`);
  try {
    await prepare(product, workshop, options);
    for (const program of programs) {
      const startedAt = performance.now();
      const what = `building ${program} ${product.release}`;
      options.say(what);
      const env = { ...options.env, GOBIN: path.join(workshop, 'bin') };
      await go(what, buildArgs(product, program), workshop, { ...options, env });
      await rename(path.join(workshop, 'bin', program), path.join(folder, program));
      options.say(`built ${program} in ${Math.round((performance.now() - startedAt) / 1000)} s`);
    }
  } finally {
    await rm(workshop, { recursive: true, force: true });
  }
}

async function prepare(product: Product, workshop: string, options: GoOptions): Promise<void> {
  await mkdir(path.join(workshop, 'bin'));
  const files = await moduleOf(product, workshop, options);
  if (files === undefined) return;
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(workshop, name), text);
  await go(`fetching the modules of ${product.name} ${product.release}`, ['mod', 'tidy'], workshop, options);
}

function buildArgs({ source, release }: Product, program: string): readonly string[] {
  const build = (flags: string, target: string) => {
    const output = path.join('bin', program);
    return ['build', '-trimpath', '-ldflags', flags, '-o', output, target];
  };
  switch (source.how) {
    case 'main':
      return build('-s -w', '.');
    case 'install':
      return ['install', '-trimpath', '-ldflags', '-s -w', `${source.package}@v${release}`];
    case 'kubernetes': {
      const at = 'k8s.io/component-base/version';
      const [major = '', minor = ''] = release.split('.');
      const version = `-X ${at}.gitVersion=v${release} -X ${at}.gitMajor=${major} -X ${at}.gitMinor=${minor}`;
      return build(`-s -w ${version}`, `k8s.io/kubernetes/cmd/${program}`);
    }
  }
}

type Files = Readonly<Record<string, string>>;

/** The module to build in; none for a program that Go installs as it was released. */
async function moduleOf(product: Product, workshop: string, options: GoOptions): Promise<Files | undefined> {
  const { name, source, release } = product;
  switch (source.how) {
    case 'main':
      return {
        'go.mod': `module engines/${name}\n\ngo 1.25.0\n\nrequire ${source.module} v${release}\n`,
        'main.go': source.text,
      };
    case 'install':
      return undefined;
    case 'kubernetes':
      return kubernetesModule(product, workshop, options);
  }
}

/** A package of imports makes `go mod tidy` keep what the programs need. */
function importing(packages: readonly string[]): string {
  return `package engines\n\nimport (\n${packages.map((each) => `\t_ "${each}"\n`).join('')})\n`;
}

const download = z.object({ Dir: z.string() });

/**
 * `k8s.io/kubernetes` replaces its thirty staging modules by folders, which no other module may do. Each of them is
 * released under its own name too, so the throw-away module replaces each by itself at that release.
 */
async function kubernetesModule(
  { release, programs }: Product,
  workshop: string,
  options: GoOptions,
): Promise<Files> {
  const module = `k8s.io/kubernetes@v${release}`;
  const json = await go(`fetching ${module}`, ['mod', 'download', '-json', module], workshop, options);
  const parsed: unknown = JSON.parse(json);
  const own = await readFile(path.join(download.parse(parsed).Dir, 'go.mod'), 'utf8');
  const goLine = /^go .*$/m.exec(own)?.[0] ?? 'go 1.25.0';
  const staging = [...own.matchAll(/^\s*(?:replace )?(\S+) => \.\/staging/gm)].map((match) => match[1] ?? '');
  const stagingRelease = `v0.${release.split('.').slice(1).join('.')}`;
  const replaced = staging.map((each) => `\t${each} => ${each} ${stagingRelease}\n`).join('');
  const apps = programs.map((program) =>
    program === 'kubectl' ? 'k8s.io/kubectl/pkg/cmd' : `k8s.io/kubernetes/cmd/${program}/app`,
  );
  return {
    'go.mod': `module engines/kube\n\n${goLine}\n\nrequire k8s.io/kubernetes v${release}\n\nreplace (\n${replaced})\n`,
    'deps.go': importing(apps),
  };
}
