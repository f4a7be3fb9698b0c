// Helm and kubeconform, as the runner found them. What Helm keeps for itself stays in a folder of the test.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { z } from 'zod';
import { cluster } from './cluster.ts';

/** Runs Helm; what it prints. Throws with its standard error where it fails. */
export type Helm = (...args: readonly string[]) => Promise<string>;

function engines() {
  const { charts } = cluster().about;
  if (charts === undefined) throw new Error('this cluster came without Helm');
  return charts;
}

/**
 * @param folder for Helm's own files
 * @param kubeconfig of the cluster that releases are on; without it no command may ask for one
 */
export function helmIn(folder: string, kubeconfig = ''): Helm {
  const env = {
    ...process.env,
    HELM_CACHE_HOME: path.join(folder, 'cache'),
    HELM_CONFIG_HOME: path.join(folder, 'config'),
    HELM_DATA_HOME: path.join(folder, 'data'),
    KUBECONFIG: kubeconfig,
  };
  return (...args) => run(engines().helm, args, { env });
}

const report = z.object({
  resources: z.array(z.object({ kind: z.string(), name: z.string(), msg: z.string() })).nullable(),
  summary: z.object({ valid: z.number(), skipped: z.literal(0) }),
});

/** `Deployment notes: problem`, for each object that is wrong, and how many are right. */
export interface Verdict {
  readonly wrong: readonly string[];
  readonly valid: number;
}

/** Holds YAML against the schemas in a folder, strictly: what no schema knows, and a key that is there twice, is wrong. */
export async function kubeconform(yaml: string, schemas: string): Promise<Verdict> {
  const location = path.join(schemas, '{{.Group}}_{{.ResourceAPIVersion}}_{{.ResourceKind}}.json');
  const args = ['-strict', '-summary', '-output', 'json', '-schema-location', location, '-'];
  // It ends with 1 where anything is wrong, and says what.
  const said: unknown = JSON.parse(
    await run(engines().kubeconform, args, { input: yaml, allowFailure: true }),
  );
  const { resources, summary } = report.parse(said);
  const wrong = (resources ?? []).map(({ kind, name, msg }) => `${kind} ${name}: ${msg}`);
  return { wrong, valid: summary.valid };
}

interface RunOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly input?: string;
  readonly allowFailure?: boolean;
}

function run(
  program: string,
  args: readonly string[],
  { env = process.env, input = '', allowFailure = false }: RunOptions,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env, maxBuffer: 256 * 1024 * 1024, timeout: 240_000 };
    const child = execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error === null || (allowFailure && stdout !== '')) resolve(stdout);
      else
        reject(
          new Error(`${path.basename(program)} ${args.join(' ')}: ${stderr || stdout || error.message}`),
        );
    });
    // A program that ends before it has read its input is told by its status.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
