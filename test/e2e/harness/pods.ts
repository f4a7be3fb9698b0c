// Pods of tests: a shell that does something small, and ways to look into pods of anybody.
import { SHELL_IMAGE } from '#scripts/node/own-images.ts';
import { becomes } from '#test/cluster/harness/builders.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import type { Patience } from '#test/cluster/harness/eventually.ts';
import { conditionOf, type KubeObject } from '#test/cluster/harness/objects.ts';

/** A pod whose one container, `shell`, runs a script; busybox has what the script may call. Members of its spec may follow. */
export function aShell(
  namespace: string,
  name: string,
  script: string,
  container: object = {},
  spec: object = {},
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { app: name } },
    spec: {
      terminationGracePeriodSeconds: 1,
      containers: [{ name: 'shell', image: SHELL_IMAGE, args: [script], ...container }],
      ...spec,
    },
  };
}

/** A script that serves a text over HTTP. */
export function serving(text: string, port = 8080): string {
  return `echo ${text} > /tmp/index.html; exec httpd -f -p ${port} -h /tmp`;
}

/** The pod, once it is ready. */
export function readyPod(namespace: string, name: string, patience: Patience = {}): Promise<KubeObject> {
  const isReady = (pod: KubeObject) => conditionOf(pod, 'Ready')?.status;
  return becomes('Pod', namespace, name, isReady, 'True', { timeoutMs: 60_000, ...patience });
}

/** What a command in a container prints. Throws where it fails. */
export async function inPod(
  namespace: string,
  pod: string,
  command: readonly string[],
  container?: string,
): Promise<string> {
  const where = ['-n', namespace, pod, ...(container === undefined ? [] : ['-c', container])];
  return (await cluster().kubectl(['exec', ...where, '--', ...command])).stdout;
}

export async function logsOf(namespace: string, pod: string, container?: string): Promise<string> {
  const where = ['-n', namespace, pod, ...(container === undefined ? [] : ['-c', container])];
  return (await cluster().kubectl(['logs', ...where])).stdout;
}

/** Spec of a server that is a shell with a script. */
export const shellServer = (script: string) => ({
  image: SHELL_IMAGE,
  podTemplate: { spec: { terminationGracePeriodSeconds: 20, containers: [{ args: [script] }] } },
});
