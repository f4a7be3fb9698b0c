// The files that are made from others: the CRDs from the schemas in src/api, the classes that cdk8s makes from these,
// and the rules of the roles of our programs from their permissions. What a tool writes goes through a temporary folder, so
// that a failure leaves what is there as it is.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { format, resolveConfig } from 'prettier';
import { stringify } from 'yaml';
import { customResourceDefinition } from '#api/crd.ts';
import { KINDS } from '#api/kinds.ts';
import { environmentTable } from '#environment/reference.ts';
import { DISTRIBUTOR_PERMISSIONS } from '#runtime/distributor/permissions.ts';
import { OPERATOR_PERMISSIONS } from '#runtime/operator/permissions.ts';
import { SENTINEL_PERMISSIONS } from '#runtime/sentinel/permissions.ts';
import { DASHBOARDS_FILE, dashboardsFile } from './dashboards/file.ts';
import { rulesFile, type RulesFile } from './rbac-rules.ts';

export const root = path.dirname(import.meta.dirname);

/** Content by path from the root of the repository, `crds/mcpservers.yaml`. */
export type Files = ReadonlyMap<string, string>;

const HEADER = '# Generated from src/api by `npm run generate`; edits are lost.\n';

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

/** One file for each kind. Written as YAML 1.1, in which Kubernetes reads it: `on` and `y` are quoted. */
export function crdFiles(): Files {
  return new Map(
    KINDS.map((kind) => {
      const yaml = stringify(customResourceDefinition(kind, sha256), { lineWidth: 0, version: '1.1' });
      return [`crds/${kind.plural}.yaml`, `${HEADER}${yaml}`] as const;
    }),
  );
}

/** What `cdk8s import` makes of the CRDs; takes some seconds. All kinds go in at once, as they share a module. */
export async function importFiles(crds: Files): Promise<Files> {
  const folder = await mkdtemp(path.join(tmpdir(), 'mcp-runtime-import-'));
  try {
    await writeFile(path.join(folder, 'crds.yaml'), [...crds.values()].join('---\n'));
    const cli = path.join(root, 'node_modules/cdk8s-cli/bin/cdk8s');
    const options = ['--language', 'typescript', '--output', 'imports', '--no-save', '--no-check-upgrade'];
    await promisify(execFile)(process.execPath, [cli, 'import', 'crds.yaml', ...options], { cwd: folder });
    return await readFolder(folder, 'imports', '.ts');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const RULES: readonly RulesFile[] = [
  {
    file: 'src/constructs/control-plane/operator-rules.ts',
    program: 'runtime/operator',
    prefix: 'OPERATOR',
    permissions: OPERATOR_PERMISSIONS,
  },
  {
    file: 'src/constructs/control-plane/distributor-rules.ts',
    program: 'runtime/distributor',
    prefix: 'DISTRIBUTOR',
    permissions: DISTRIBUTOR_PERMISSIONS,
  },
  {
    file: 'src/constructs/sentinel/sentinel-rules.ts',
    program: 'runtime/sentinel',
    prefix: 'SENTINEL',
    permissions: SENTINEL_PERMISSIONS,
  },
];

/** The rules that the roles of our programs are rendered from. */
export async function ruleFiles(): Promise<Files> {
  const texts = RULES.map(async (each) => [each.file, await rulesFile(root, each)] as const);
  return new Map(await Promise.all(texts));
}

const REFERENCE = 'docs/environment-values.md';

/** Every value of an environment, from its schema. */
export async function referenceFiles(): Promise<Files> {
  const title = '# The values of an environment\n\n';
  const from =
    'Generated from src/environment by `npm run generate`; edits are lost. What they are for: [environments](environment.md).\n\n';
  const options = { ...(await resolveConfig(path.join(root, REFERENCE))), parser: 'markdown' };
  return new Map([[REFERENCE, await format(`${title}${from}${environmentTable()}\n`, options)]]);
}

/** All of them. */
export async function generatedFiles(): Promise<Files> {
  const crds = crdFiles();
  return new Map([
    ...crds,
    ...(await importFiles(crds)),
    ...(await ruleFiles()),
    ...(await referenceFiles()),
    [DASHBOARDS_FILE, await dashboardsFile(root)],
  ]);
}

async function readFolder(base: string, folder: string, extension: string): Promise<Files> {
  const names = await readdir(path.join(base, folder)).catch(() => []);
  const wanted = names.filter((name) => name.endsWith(extension)).sort();
  const entries = wanted.map(async (name) => {
    return [`${folder}/${name}`, await readFile(path.join(base, folder, name), 'utf8')] as const;
  });
  return new Map(await Promise.all(entries));
}

/** The generated files as they are in the repository now. */
export async function committedFiles(): Promise<Files> {
  const crds = await readFolder(root, 'crds', '.yaml');
  const imports = await readFolder(root, 'imports', '.ts');
  const single = [...RULES.map(({ file }) => file), REFERENCE, DASHBOARDS_FILE].map(async (file) => {
    const text = await readFile(path.join(root, file), 'utf8').catch(() => undefined);
    return text === undefined ? [] : [[file, text] as const];
  });
  return new Map([...crds, ...imports, ...(await Promise.all(single)).flat()]);
}

/** Paths that are missing, differ, or should not be there. */
export function staleFiles(expected: Files, actual: Files): readonly string[] {
  const paths = new Set([...expected.keys(), ...actual.keys()]);
  return [...paths].filter((file) => expected.get(file) !== actual.get(file)).sort();
}
