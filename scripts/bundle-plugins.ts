// What keeps programs small in memory and quick to start, beyond what esbuild does by itself.
import type { Plugin } from 'esbuild';

const BUILTIN = 'builtin';
const LOCALES = 'locales';

/**
 * Takes Node's own modules as they are instead of importing them: an import makes a copy of every export, which calls the
 * getters among them, and so loads what nobody asked for (of `node:http` a second HTTP client and all of Web streams).
 * Each export that is used is a constant; what esbuild makes of a CommonJS module would look it up at each use.
 */
export const directBuiltins: Plugin = {
  name: 'direct-builtins',
  setup(build) {
    build.onResolve({ filter: /^node:/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: BUILTIN, sideEffects: false } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: BUILTIN }, ({ path }) => ({ contents: builtinModule(path) }));
  },
};

function builtinModule(name: string): string {
  const names = Object.keys(process.getBuiltinModule(name) ?? {}).filter((each) => each !== 'default');
  return [
    `const builtin = process.getBuiltinModule(${JSON.stringify(name)});`,
    // Pure, so that what nobody uses is left out.
    `const take = (name) => builtin[name];`,
    ...names.map((each, at) => `const export${at} = /* @__PURE__ */ take(${JSON.stringify(each)});`),
    `export { ${names.map((each, at) => `export${at} as ${each}`).join(', ')} };`,
    `export default builtin;`,
  ].join('\n');
}

/** Leaves zod's messages in fifty languages out: programs speak English, which zod loads by itself. */
export const englishOnly: Plugin = {
  name: 'english-only',
  setup(build) {
    build.onResolve({ filter: /\/locales\/index\.js$/ }, ({ importer }) =>
      /[\\/]node_modules[\\/]zod[\\/]/.test(importer) ? { path: LOCALES, namespace: LOCALES } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: LOCALES }, () => ({ contents: 'export {};' }));
  },
};
