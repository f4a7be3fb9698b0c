// The house as data: which room may import which, which packages belong to which room, and what pure rooms may not
// touch. Checks are functions of a file's path and text, so that each can be shown to catch what it is there for.
import ts from 'typescript';
import { importsOf, packageOf, roomOf, ROOMS, type Room, type Source } from './sources.ts';

const API: readonly Room[] = ['src/api', 'imports'];
const POLICY: readonly Room[] = [...API, 'src/policy'];
const KIT: readonly Room[] = [...POLICY, 'src/constructs/kit'];
const ACCESS: readonly Room[] = [...KIT, 'src/constructs/access'];
const CONSTRUCTS: readonly Room[] = [...ACCESS, 'src/constructs/server'];
const PLATFORM_CONSTRUCTS: readonly Room[] = [
  ...CONSTRUCTS,
  'src/constructs/ingress',
  'src/constructs/certs',
  'src/constructs/control-plane',
  'src/constructs/sentinel',
  'src/constructs/team',
  'src/constructs/registry',
  'src/constructs/observability',
];
const LIBRARY: readonly Room[] = [
  ...PLATFORM_CONSTRUCTS,
  'src/environment',
  'src/checks',
  'src/stacks',
  'src/render',
  'src/testing',
];
/** What a program in a container may import; programs never import each other. */
const PROGRAM: readonly Room[] = ['src/api', 'src/policy', 'runtime/kube', 'runtime/process'];
const PLATFORM: readonly Room[] = [...LIBRARY, 'runtime/process', 'runtime/proxy', 'runtime/sentinel'];

/** Rooms that a room may import; a floor imports only lower ones. */
export const MAY_IMPORT: Readonly<Record<Room, readonly Room[]>> = {
  'src/api': [],
  imports: [],
  'src/policy': ['src/api'],
  'src/constructs/kit': API,
  'src/constructs/access': [...API, 'src/constructs/kit'],
  'src/constructs/ingress': [...API, 'src/constructs/kit'],
  'src/constructs/certs': [...API, 'src/constructs/kit'],
  'src/constructs/server': ACCESS,
  'src/constructs/control-plane': CONSTRUCTS,
  'src/constructs/sentinel': CONSTRUCTS,
  'src/constructs/team': CONSTRUCTS,
  'src/constructs/registry': CONSTRUCTS,
  'src/constructs/observability': CONSTRUCTS,
  // What no construct sees by itself: they look at all of a program.
  'src/checks': PLATFORM_CONSTRUCTS,
  // What an environment decides, for the stacks that are made of it and for files that say it.
  'src/environment': PLATFORM_CONSTRUCTS,
  'src/stacks': [...PLATFORM_CONSTRUCTS, 'src/environment'],
  'src/render': [...PLATFORM_CONSTRUCTS, 'src/environment', 'src/checks'],
  // A program's own tests: what it renders, and what its policy decides.
  'src/testing': [...PLATFORM_CONSTRUCTS, 'src/checks', 'src/render'],
  'runtime/kube': [],
  'runtime/process': [],
  // What operator, distributor and sentinel have to agree on: the policy of a server, and whose pod is whose.
  'runtime/policy-book': PROGRAM,
  // The operator applies what constructs render: the same tree that snapshot tests and GitOps see.
  'runtime/operator': [...CONSTRUCTS, 'runtime/kube', 'runtime/process', 'runtime/policy-book'],
  'runtime/distributor': [...PROGRAM, 'runtime/policy-book'],
  'runtime/proxy': PROGRAM,
  'runtime/sentinel': [...PROGRAM, 'runtime/policy-book'],
  'runtime/sentinel/console': ['src/api'],
  // The local platform bundles the programs that it starts with the script that bundles them for images.
  'runtime/local': [...PLATFORM, 'scripts'],
  src: LIBRARY,
  cli: [...PLATFORM, 'runtime/kube', 'runtime/policy-book', 'runtime/local', 'src', 'scripts'],
  // A program is written against the public surface alone.
  examples: ['src', 'src/render', 'src/testing'],
  // The quickstart is what the test node runs.
  scripts: [...PLATFORM, 'runtime/kube', 'runtime/operator', 'runtime/distributor', 'src', 'examples'],
  bench: ROOMS,
  test: ROOMS,
  '.': [...LIBRARY, 'src', 'examples'],
};

const PURE: readonly Room[] = [
  ...PLATFORM_CONSTRUCTS.filter((room) => room !== 'imports'),
  'src/environment',
  'src/checks',
  'src/stacks',
];
const TOOLS: readonly Room[] = ['test', 'bench', 'scripts'];

/** Node modules of pure rooms: digests and compression, as pure as they are. In other rooms all modules are free. */
const BUILTINS: Readonly<Partial<Record<Room, readonly string[]>>> = {
  'src/policy': ['node:crypto', 'node:zlib'],
  'src/stacks': ['node:crypto'],
};

/** All that these rooms may have of packages. */
const ONLY_PACKAGES: Readonly<Partial<Record<Room, readonly string[]>>> = {
  'src/api': ['zod', '@marcbachmann/cel-js'],
  'src/policy': ['zod', '@marcbachmann/cel-js'],
  imports: ['cdk8s', 'constructs'],
};

/** Packages that belong to some rooms; tests, benches and scripts may have any. */
const PACKAGE_ROOMS: Readonly<Record<string, readonly Room[]>> = {
  'cdk8s-plus-28': ['src/constructs/kit'],
  cdk8s: [...LIBRARY, 'src', 'examples', 'runtime/local', 'cli', '.'],
  constructs: [...LIBRARY, 'src', 'examples', 'runtime/local', 'cli', '.'],
  '@pulumi/pulumi': ['src/render', 'examples', '.'],
  '@pulumi/kubernetes': ['src/render', '.'],
  '@kubernetes/client-node': ['runtime/kube'],
  chdb: ['runtime/sentinel'],
  '@clickhouse/client': ['runtime/sentinel'],
  react: ['runtime/sentinel/console'],
};

/** What a file imports that its room may not, one sentence each. */
export function importViolations(source: Source): readonly string[] {
  const room = roomOf(source.path);
  return importsOf(source).flatMap((imported) => {
    const says = (why: string) => [`${source.path}: imports ${imported.specifier}; ${why}`];
    if (imported.room !== undefined) {
      const fine = imported.room === room || MAY_IMPORT[room].includes(imported.room);
      return fine ? [] : says(`${room} may not import ${imported.room}`);
    }
    const name = packageOf(imported.specifier);
    if (name.startsWith('node:')) {
      const fine = !PURE.includes(room) || BUILTINS[room]?.includes(name) === true;
      return fine ? [] : says(`${room} is pure`);
    }
    const only = ONLY_PACKAGES[room];
    if (only !== undefined) return only.includes(name) ? [] : says(`${room} has ${only.join(', ')} only`);
    const owners = PACKAGE_ROOMS[name];
    const fine = owners === undefined || owners.includes(room) || TOOLS.includes(room);
    return fine ? [] : says(`${name} belongs to ${owners.join(', ')}`);
  });
}

/** Globals that pure rooms may not read: clocks, randomness, the environment, the network, timers. */
const AMBIENT: ReadonlySet<string> = new Set([
  'process',
  'performance',
  'fetch',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'globalThis',
]);
const AMBIENT_MEMBERS: ReadonlySet<string> = new Set(['Date.now', 'Math.random', 'crypto.randomUUID']);

function ambientUse(node: ts.Node): string | undefined {
  if (ts.isNewExpression(node) || ts.isCallExpression(node)) {
    const { expression, arguments: given } = node;
    if (ts.isIdentifier(expression) && expression.text === 'Date' && (given?.length ?? 0) === 0) {
      return 'the current time';
    }
  }
  if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.expression)) {
    const { text } = node.expression;
    if (AMBIENT.has(text)) return text;
    const member = `${text}.${node.name.text}`;
    return AMBIENT_MEMBERS.has(member) ? member : undefined;
  }
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && AMBIENT.has(node.expression.text)) {
    return node.expression.text;
  }
  return undefined;
}

/** What a file of a pure room reads of the world around it. */
export function ambientViolations(source: Source): readonly string[] {
  const room = roomOf(source.path);
  if (!PURE.includes(room)) return [];
  const found: string[] = [];
  const file = ts.createSourceFile(source.path, source.text, ts.ScriptTarget.Latest);
  const visit = (node: ts.Node): void => {
    const use = ambientUse(node);
    if (use !== undefined) found.push(`${source.path}: uses ${use}; ${room} is pure`);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** Where the references of a room's tsconfig are not the rooms that its files import. */
export function referenceViolations(
  room: Room,
  sources: readonly Source[],
  references: readonly Room[],
): readonly string[] {
  const own = sources.filter((source) => roomOf(source.path) === room);
  const imported = new Set(own.flatMap((source) => importsOf(source).map((each) => each.room)));
  imported.delete(room);
  const missing = [...imported].filter((each) => each !== undefined && !references.includes(each));
  const idle = references.filter((each) => !imported.has(each));
  return [
    ...missing.map((each) => `${room}: imports ${String(each)}; add it to the references of its tsconfig`),
    ...idle.map((each) => `${room}: does not import ${each}; remove it from the references of its tsconfig`),
  ];
}
