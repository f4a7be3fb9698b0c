// Completes package-lock.json with the platform packages that the registry in use does not serve.
//
// `npm ci` refuses a lockfile that lacks any optional dependency of a package, even one for another platform,
// and npm leaves out what it could not look up. Such an entry needs no more than a version and the platform:
// on a machine of that platform npm fetches it, on every other it is skipped.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const processors = [
  'arm64',
  'arm',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'wasm32',
  'x64',
];

/** Reads `{os, cpu, libc?}` from a name such as `@swc/core-linux-x64-musl`; undefined where it names none. */
function platformOf(name) {
  const words = name.replace('unknown-', '').split(/[-/]/);
  const os = systems.find((system) => words.includes(system));
  const cpu = processors.find((processor) => words.includes(processor));
  if (os === undefined || cpu === undefined) return undefined;
  const libc =
    os === 'linux'
      ? words.at(-1)?.startsWith('musl')
        ? ['musl']
        : words.at(-1)?.startsWith('gnu')
          ? ['glibc']
          : undefined
      : undefined;
  return { os: [os], cpu: [cpu], ...(libc && { libc }) };
}

/** Adds the missing entries to a parsed lockfile and returns their names. */
export function completeLockfile(lock) {
  const added = [];
  for (const entry of Object.values({ ...lock.packages })) {
    for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
      const key = `node_modules/${name}`;
      const platform = platformOf(name);
      if (lock.packages[key] !== undefined || platform === undefined || !/^\d/.test(version)) continue;
      lock.packages[key] = { version, optional: true, ...(entry.dev && { dev: true }), ...platform };
      added.push(name);
    }
  }
  const [own, ...others] = Object.entries(lock.packages);
  lock.packages = Object.fromEntries([own, ...others.sort(([a], [b]) => (a < b ? -1 : 1))]);
  return added;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = path.join(path.dirname(path.dirname(fileURLToPath(import.meta.url))), 'package-lock.json');
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const added = completeLockfile(lock);
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  console.log(`lock: ${added.length} platform packages added`);
}
