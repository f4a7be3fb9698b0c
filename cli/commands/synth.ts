// `mcp-runtime synth`: the manifests of a program, in the form that a folder is meant for.
import { InvalidArgumentError, Option, type Command } from 'commander';
import { failureText } from '#render/failure-text.ts';
import { ARGO_SHAPES, type ArgoShape } from '#render/gitops/argo.ts';
import { renderGitOps, type GitOpsOptions } from '#render/gitops/gitops.ts';
import { renderHelm } from '#render/helm/helm.ts';
import { loadProgram } from '#render/load-program.ts';
import { writeFolder } from '#render/output-folder.ts';
import type { RenderedFile } from '#render/rendered-file.ts';
import { synthesise, type SynthesisedProgram } from '#render/synthesise.ts';
import { VERSION } from '#render/version.ts';
import { TroubleError } from '#runtime/local/trouble.ts';
import { defaultProgram } from '../default-program.ts';
import { EXIT, print, shortPath, type Exit } from '../output.ts';

interface SynthOptions {
  readonly gitops?: string | undefined;
  readonly helm?: string | undefined;
  readonly chartVersion?: string | undefined;
  readonly argocd?: ArgoShape | undefined;
  readonly flux?: true | undefined;
  readonly repository?: string | undefined;
  readonly revision?: string | undefined;
  readonly path?: string | undefined;
  readonly name: string;
  readonly source?: string | undefined;
}

export function addSynth(program: Command, end: (exit: Exit) => void): void {
  program
    .command('synth')
    .summary('write the manifests of a program')
    .description('Writes the manifests of a program into a folder that nothing else is kept in.')
    .argument('[program]', 'TypeScript file that exports default (app) => { … }', defaultProgram())
    .option(
      '--gitops <folder>',
      'a folder for each stack, a file for each object, for kustomize and GitOps tools',
    )
    .addOption(
      new Option('--argocd <shape>', 'with what Argo CD starts from, and its health checks').choices(
        ARGO_SHAPES,
      ),
    )
    .option('--flux', 'with a Kustomization of Flux for each stack')
    .option('--repository <url>', 'where Argo CD finds the folder')
    .option('--revision <name>', 'branch, tag or commit for Argo CD (default: HEAD)')
    .option('--path <path>', 'of the folder within its repository; . is the repository itself')
    .option(
      '--name <name>',
      "name of the chart, or what the tools' own objects are named after",
      'mcp-runtime',
    )
    .option('--source <name>', 'GitRepository for Flux (default: flux-system)')
    .option('--helm <folder>', 'two Helm charts: of the definitions, and of everything else')
    .option('--chart-version <version>', `of both charts, as SemVer (default: ${VERSION})`, readVersion)
    .addHelpText(
      'after',
      `
Files that an earlier synth wrote and the program no longer says are removed. A folder that holds
anything else, hidden files aside, is refused. Secrets are never written.

Examples:
  $ mcp-runtime synth program.ts --gitops deploy
  $ mcp-runtime synth program.ts --gitops deploy --path deploy \\
      --argocd applicationset --repository https://git.example.org/platform.git
  $ mcp-runtime synth program.ts --gitops deploy --path deploy --flux
  $ mcp-runtime synth program.ts --helm charts --chart-version 1.4.0`,
    )
    .action(async (file: string, options: SynthOptions) => end(await synth(file, options)));
}

async function synth(file: string, options: SynthOptions): Promise<Exit> {
  const ways = waysOf(options);
  let rendered: readonly { readonly folder: string; readonly files: readonly RenderedFile[] }[];
  try {
    const program = synthesise(await loadProgram(file));
    rendered = ways.map(({ folder, render }) => ({ folder, files: render(program) }));
    for (const { path, message } of program.warnings) process.stderr.write(`warning: ${path} ${message}\n`);
  } catch (error) {
    process.stderr.write(`${failureText(error, file)}\n`);
    return EXIT.failed;
  }
  for (const { folder, files } of rendered) {
    const { written, removed, unchanged } = writeFolder(folder, files);
    print(
      `${shortPath(folder)}: ${written.length} written, ${removed.length} removed, ${unchanged} unchanged`,
    );
  }
  return EXIT.ok;
}

interface Way {
  readonly folder: string;
  readonly render: (program: SynthesisedProgram) => readonly RenderedFile[];
}

function waysOf(options: SynthOptions): readonly Way[] {
  const { gitops, helm, name, chartVersion: version } = options;
  const forTools = gitOpsOptions(options);
  const ways: readonly (Way | undefined)[] = [
    gitops === undefined
      ? undefined
      : { folder: gitops, render: (program) => renderGitOps(program, forTools) },
    helm === undefined
      ? undefined
      : { folder: helm, render: (program) => renderHelm(program, { name, version }) },
  ];
  const asked = ways.filter((way) => way !== undefined);
  if (asked.length > 0) return asked;
  throw usageTrouble('nothing says where to write', 'Add --gitops <folder> or --helm <folder>.');
}

function readVersion(text: string): string {
  if (/^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/.test(text)) return text;
  throw new InvalidArgumentError('It has to be a version such as 1.4.0.');
}

function gitOpsOptions({ argocd, flux, path, name, ...rest }: SynthOptions): GitOpsOptions {
  if (argocd === undefined && flux === undefined) return {};
  if (path === undefined) {
    throw usageTrouble('the tools need to know where the folder is in its repository', 'Add --path <path>.');
  }
  const folder = { path: path.replace(/^\.\/(?=.)/, '').replace(/(?<=.)\/+$/, ''), name };
  return {
    argo: argocd === undefined ? undefined : { ...folder, shape: argocd, ...argoSource(rest) },
    flux: flux === undefined ? undefined : { ...folder, source: rest.source },
  };
}

function argoSource({ repository, revision }: Pick<SynthOptions, 'repository' | 'revision'>) {
  if (repository !== undefined) return { repository, revision };
  throw usageTrouble('Argo CD needs to know the repository of the folder', 'Add --repository <url>.');
}

function usageTrouble(what: string, remedy: string): TroubleError {
  return new TroubleError({ code: 'usage', what, where: 'mcp-runtime synth', remedy });
}
