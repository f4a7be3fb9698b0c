// Installs what a user installs before the first server: our definitions, those of others, and the control plane's
// manifests. The operator's Deployment is left out, because the operator runs as processes of the machine, with
// the service account and the environment that the manifests give it.
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { NAMESPACES } from '#api/names.ts';
import { controlPlaneObjects } from '#constructs/control-plane/control-plane.ts';
import type { ControlPlaneProps } from '#constructs/control-plane/control-plane-props.ts';
import { OPERATOR } from '#constructs/control-plane/names.ts';
import type { ControlPlane } from '../engines/control-plane.ts';
import { ADMIN } from '../engines/control-plane-files.ts';

const execute = promisify(execFile);
const crds = path.join(import.meta.dirname, '../../crds');

const tokenAnswer = z.object({ status: z.object({ token: z.string() }) });
const deployment = z.object({
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.array(
          z.object({ env: z.array(z.object({ name: z.string(), value: z.string().optional() })).optional() }),
        ),
      }),
    }),
  }),
});

export interface Installed {
  /** What the manifests set in the operator's environment. */
  readonly operatorEnv: Readonly<Record<string, string>>;
  /** Path of a kubeconfig with a token of the operator's service account. */
  readonly operatorKubeconfig: string;
}

/** @param folders of definitions beside ours */
export async function installDefinitions(plane: ControlPlane, folders: readonly string[]): Promise<void> {
  await kubectl(plane, ['apply', '-f', crds]);
  // Some are longer than the annotation that a plain apply keeps of them.
  for (const folder of folders) await kubectl(plane, ['apply', '--server-side', '-f', folder]);
  await kubectl(plane, ['wait', '--for=condition=Established', 'crd', '--all', '--timeout=90s']);
}

/** The rest, once the definitions are there. */
export async function install(plane: ControlPlane, props: ControlPlaneProps): Promise<Installed> {
  const objects = controlPlaneObjects(props);
  const applied = objects.filter(({ kind }) => kind !== 'Deployment');
  await kubectl(plane, ['apply', '-f', '-'], { apiVersion: 'v1', kind: 'List', items: applied });
  const rendered = deployment.parse(objects.find(({ kind }) => kind === 'Deployment'));
  const env = rendered.spec.template.spec.containers.flatMap((container) => container.env ?? []);
  const set = env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value] as const]));
  return { operatorEnv: Object.fromEntries(set), operatorKubeconfig: await operatorKubeconfig(plane) };
}

async function operatorKubeconfig(plane: ControlPlane): Promise<string> {
  const admin = plane.clientOf(ADMIN.name);
  const account = `/api/v1/namespaces/${NAMESPACES.platform}/serviceaccounts/${OPERATOR.serviceAccount}`;
  const body = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    spec: { expirationSeconds: 86_400 },
  };
  const answer = tokenAnswer.parse(await admin.json(`${account}/token`, { method: 'POST', body }));
  await admin.close();
  return plane.writeKubeconfig('operator', answer.status.token);
}

async function kubectl(plane: ControlPlane, args: readonly string[], input?: object): Promise<void> {
  const all = ['--kubeconfig', plane.kubeconfigOf(ADMIN.name), ...args];
  const running = execute(plane.engines.kubectl, all, { timeout: 120_000 });
  running.child.stdin?.end(input === undefined ? '' : JSON.stringify(input));
  await running;
}
