// Kinds and objects that the tests of this room share.
import type { Log } from '#runtime/kube/log.ts';
import type { KubeObject, ResourceType } from '#runtime/kube/object.ts';

export const CONFIG_MAPS: ResourceType = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  resource: 'configmaps',
  namespaced: true,
};

export const DEPLOYMENTS: ResourceType = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  resource: 'deployments',
  namespaced: true,
};

export function configMap(name: string, data: Readonly<Record<string, string>> = {}): KubeObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'team', name }, data };
}

/** A log that keeps its lines. */
export class KeptLog implements Log {
  readonly lines: { readonly level: string; readonly message: string; readonly fields: unknown }[] = [];

  debug = (fields: unknown, message: string): void =>
    void this.lines.push({ level: 'debug', fields, message });
  info = (fields: unknown, message: string): void => void this.lines.push({ level: 'info', fields, message });
  warn = (fields: unknown, message: string): void => void this.lines.push({ level: 'warn', fields, message });
  error = (fields: unknown, message: string): void =>
    void this.lines.push({ level: 'error', fields, message });
}

/** Resolves once `isSo` holds; rejects after five seconds. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let tries = 0; tries < 1_000; tries += 1) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`This never came true: ${isSo.toString()}`);
}
