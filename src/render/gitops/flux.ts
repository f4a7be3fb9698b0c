// What Flux starts from: a Kustomization for each stack, applied after those that it needs, and done when everything in
// it is healthy.
import { API_GROUP, API_VERSION } from '#api/kind.ts';
import { KINDS } from '#api/kinds.ts';
import { folderName } from '../file-names.ts';
import { groupOf } from '../needs.ts';
import { marked, type RenderedFile } from '../rendered-file.ts';
import type { SynthesisedChart } from '../synthesise.ts';
import { yamlText } from '../yaml-text.ts';
import type { GitFolder } from './git-folder.ts';
import type { StackOrder } from '../stack-order.ts';

export interface FluxOptions extends GitFolder {
  /** Name of the GitRepository, in flux-system. @default flux-system */
  readonly source?: string | undefined;
}

const NAMESPACE = 'flux-system';

export const FLUX_FOLDER = 'flux';

const holds = (type: string) =>
  `has(status.conditions) && status.conditions.exists(c, c.type == '${type}' && c.status == 'True')`;

/**
 * Flux knows these conditions by itself and waits for them; what it can't know is that Stalled is final, so a server
 * with a mistake would be waited for until the time is up. Flux compares the observed generation before it asks.
 */
export const HEALTH_EXPRESSIONS = { failed: holds('Stalled'), current: holds('Ready') } as const;

function healthChecks({ objects }: SynthesisedChart) {
  if (!objects.some(({ manifest }) => groupOf(manifest) === API_GROUP)) return undefined;
  return KINDS.map(({ kind }) => ({ apiVersion: API_VERSION, kind, ...HEALTH_EXPRESSIONS }));
}

function kustomization(chart: SynthesisedChart, before: readonly string[], options: FluxOptions) {
  const { path, name, source = 'flux-system' } = options;
  const nameOf = (folder: string) => `${name}-${folder.replaceAll('_', '-')}`;
  const folder = folderName(chart);
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name: nameOf(folder), namespace: NAMESPACE },
    spec: {
      interval: '10m',
      retryInterval: '1m',
      timeout: '5m',
      sourceRef: { kind: 'GitRepository', name: source },
      path: path === '.' ? `./${folder}` : `./${path}/${folder}`,
      prune: true,
      wait: true,
      dependsOn: before.length === 0 ? undefined : before.map((each) => ({ name: nameOf(each) })),
      healthCheckExprs: healthChecks(chart),
    },
  };
}

export function fluxFiles(
  charts: readonly SynthesisedChart[],
  order: StackOrder,
  options: FluxOptions,
): readonly RenderedFile[] {
  const folders = new Map(charts.map((chart) => [chart.name, folderName(chart)]));
  return charts.map((chart) => {
    const before = (order.get(chart.name) ?? []).map((name) => folders.get(name) ?? name);
    const text = yamlText(kustomization(chart, before, options));
    return { path: `${FLUX_FOLDER}/${folderName(chart)}.yaml`, text: marked(chart.name, text) };
  });
}
