// The package.json of what is published. It is made of the repository's own, in which everything points at sources.
import { z } from 'zod';

export const repositoryManifest = z.object({
  name: z.string(),
  version: z.string(),
  description: z.string(),
  license: z.string(),
  type: z.literal('module'),
  engines: z.record(z.string(), z.string()),
  exports: z.record(z.string(), z.string()),
  imports: z.record(z.string(), z.string()),
  dependencies: z.record(z.string(), z.string()),
  optionalDependencies: z.record(z.string(), z.string()),
});

export type RepositoryManifest = z.output<typeof repositoryManifest>;

/** Folder of what is compiled, in the package. */
export const DIST = './dist';

const SOURCE = /\.ts$/;

const compiled = (file: string) => `${DIST}/${file.replace(/^\.\//, '').replace(SOURCE, '.js')}`;

/** Types first: the first condition that holds is taken. */
const conditions = (file: string) => ({
  types: compiled(file).replace(/\.js$/, '.d.ts'),
  default: compiled(file),
});

/** Node for the scripts of a clone: whoever installs the library has one. */
const isOfTheScripts = (name: string) => name.startsWith('node-linux-');

/** @param folders top folders that are in the package; imports of others have nowhere to lead */
export function packageManifest(manifest: RepositoryManifest, folders: readonly string[]): object {
  const { exports, imports, dependencies, optionalDependencies, ...rest } = manifest;
  const kept = Object.entries(imports).filter(([, to]) => folders.includes(to.split('/')[1] ?? ''));
  return {
    ...rest,
    exports: {
      ...Object.fromEntries(Object.entries(exports).map(([name, file]) => [name, conditions(file)])),
      './package.json': './package.json',
    },
    // Sources import each other by the names of their files, `#api/trust.ts`; the pattern takes the ending along.
    imports: Object.fromEntries(kept.map(([name, to]) => [`${name}.ts`, conditions(`${to}.ts`)])),
    bin: { 'mcp-runtime': `${DIST}/cli/bin.mjs` },
    dependencies,
    optionalDependencies: Object.fromEntries(
      Object.entries(optionalDependencies).filter(([name]) => !isOfTheScripts(name)),
    ),
  };
}
