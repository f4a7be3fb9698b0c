// What Argo CD starts from. Both shapes sync alike: server-side, so that fields of the operator and a revocation made
// with kubectl are nobody's to undo, and again and again, because the first sync of servers may come before the kinds.
import { blockText, yamlText } from '../yaml-text.ts';
import { marked, type RenderedFile } from '../rendered-file.ts';
import { ARGO_HEALTH } from './argo-health.ts';
import type { GitFolder } from './git-folder.ts';

/**
 * `application`: one for everything, in waves. `applicationset`: one for each stack, so that a stack which is not
 * healthy keeps no other from being synced.
 */
export const ARGO_SHAPES = ['application', 'applicationset'] as const;

export type ArgoShape = (typeof ARGO_SHAPES)[number];

export interface ArgoOptions extends GitFolder {
  readonly shape: ArgoShape;
  /** URL of the repository that holds the files. */
  readonly repository: string;
  /** Branch, tag or commit. @default HEAD */
  readonly revision?: string | undefined;
}

const NAMESPACE = 'argocd';

export const ARGO_FOLDER = 'argocd';

const COMPARE = { 'argocd.argoproj.io/compare-options': 'ServerSideDiff=true' };

const SYNC_POLICY = {
  automated: { prune: true, selfHeal: true },
  syncOptions: ['ServerSideApply=true', 'SkipDryRunOnMissingResource=true'],
  retry: { limit: 10, backoff: { duration: '10s', factor: 2, maxDuration: '3m' } },
};

function spec({ repository, revision = 'HEAD' }: ArgoOptions, path: string) {
  return {
    project: 'default',
    source: { repoURL: repository, targetRevision: revision, path },
    destination: { server: 'https://kubernetes.default.svc' },
    syncPolicy: SYNC_POLICY,
  };
}

function application(options: ArgoOptions) {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: options.name, namespace: NAMESPACE, annotations: COMPARE },
    spec: spec(options, options.path),
  };
}

/** Stacks are found by their folders, so that a new one changes nothing here. */
function applicationSet(options: ArgoOptions, toolFolders: readonly string[]) {
  const { name, repository, revision = 'HEAD', path } = options;
  const at = (folder: string) => (path === '.' ? folder : `${path}/${folder}`);
  const excluded = toolFolders.map((folder) => ({ path: at(folder), exclude: true }));
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'ApplicationSet',
    metadata: { name, namespace: NAMESPACE },
    spec: {
      goTemplate: true,
      goTemplateOptions: ['missingkey=error'],
      // Whoever deletes the set has not said that the servers should go.
      syncPolicy: { preserveResourcesOnDeletion: true },
      generators: [{ git: { repoURL: repository, revision, directories: [{ path: at('*') }, ...excluded] } }],
      template: {
        metadata: { name: `${name}-{{ .path.basenameNormalized }}`, annotations: COMPARE },
        spec: spec(options, '{{ .path.path }}'),
      },
    },
  };
}

/** To be merged into Argo CD's own ConfigMap with a server-side apply, which leaves what else is in it. */
function healthText(): string {
  const { data, ...rest } = ARGO_HEALTH;
  const members = Object.entries(data).map(([key, text]) => `  ${key}: ${blockText(text, '    ')}`);
  return `${yamlText(rest)}data:\n${members.join('')}`;
}

/** @param toolFolders folders beside the stacks, which are no stacks */
export function argoFiles(options: ArgoOptions, toolFolders: readonly string[]): readonly RenderedFile[] {
  const entry = options.shape === 'application' ? application(options) : applicationSet(options, toolFolders);
  const at = (name: string) => `${ARGO_FOLDER}/${name}.yaml`;
  return [
    { path: at(options.shape), text: marked('the options of synth', yamlText(entry)) },
    { path: at('health'), text: marked('the platform', healthText()) },
  ];
}
