// Manifests as people keep them in Git: a folder for each stack, a file for each object, so that a diff shows what
// changes in the cluster and nothing else. A new server is new files and a line for each in the list of its folder,
// which kustomize can't do without.
import { folderName, folderProblems, namedObjects, nameProblems } from '../file-names.ts';
import { InvalidProgramError } from '../invalid-program-error.ts';
import { byText, marked, type RenderedFile } from '../rendered-file.ts';
import { secretProblems } from '../secrets.ts';
import type { SynthesisedChart, SynthesisedProgram } from '../synthesise.ts';
import { yamlText } from '../yaml-text.ts';
import { annotated } from './annotations.ts';
import { ARGO_FOLDER, argoFiles, type ArgoOptions } from './argo.ts';
import { FLUX_FOLDER, fluxFiles, type FluxOptions } from './flux.ts';
import { orderProblems, stackOrder } from '../stack-order.ts';

export interface GitOpsOptions {
  /** With what Argo CD starts from. @default without */
  readonly argo?: ArgoOptions | undefined;
  /** With what Flux starts from. @default without */
  readonly flux?: FluxOptions | undefined;
}

const TOOL_FOLDERS = [ARGO_FOLDER, FLUX_FOLDER];

function kustomization(folder: string, resources: readonly string[], from: string): RenderedFile {
  const content = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [...resources].sort(byText),
  };
  const path = folder === '' ? 'kustomization.yaml' : `${folder}/kustomization.yaml`;
  return { path, text: marked(from, yamlText(content)) };
}

function stackFiles(chart: SynthesisedChart): readonly RenderedFile[] {
  const folder = folderName(chart);
  const files = namedObjects(chart).map(({ name, object: { path, manifest } }) => ({
    path: `${folder}/${name}`,
    text: marked(path, yamlText(annotated(manifest))),
  }));
  const names = files.map(({ path }) => path.slice(folder.length + 1));
  return [...files, kustomization(folder, names, chart.name)];
}

/**
 * The files of a GitOps repository, by their paths in it.
 * @throws InvalidProgramError where an object would put a secret into Git, two would be one file, or stacks wait for
 *   each other; with everything that is wrong
 */
export function renderGitOps(
  program: SynthesisedProgram,
  options: GitOpsOptions = {},
): readonly RenderedFile[] {
  const { charts } = program;
  const order = stackOrder(program);
  const problems = [
    ...secretProblems(program),
    ...folderProblems(charts, TOOL_FOLDERS),
    ...charts.flatMap(nameProblems),
    ...orderProblems(order),
  ];
  if (problems.length > 0) throw new InvalidProgramError(problems);
  return [
    kustomization('', charts.map(folderName), 'the stacks of the program'),
    ...charts.flatMap(stackFiles),
    ...(options.argo === undefined ? [] : argoFiles(options.argo, TOOL_FOLDERS)),
    ...(options.flux === undefined ? [] : fluxFiles(charts, order, options.flux)),
  ].sort((a, b) => byText(a.path, b.path));
}
