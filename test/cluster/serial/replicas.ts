// Who of the operator's replicas leads and works, for tests that end, freeze and cut them off.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { kubeconfigText } from '#scripts/engines/control-plane-files.ts';
import type { AuditEvent, Mark } from '#scripts/cluster/audit-log.ts';
import { cluster } from '../harness/cluster.ts';
import { eventually, type Patience } from '../harness/eventually.ts';
import { at, conditionOf, type KubeObject } from '../harness/objects.ts';
import type { OperatorExit } from '../harness/operators.ts';

/** For what takes a lease's duration on a machine that has other things to do. */
export const LONG: Patience = { timeoutMs: 90_000, everyMs: 250 };

export const LEASE = 'mcp-runtime-operator';

const world = cluster();
const { namespace } = world.about.operator;

/** Name of the replica in the lease; empty where nobody holds it. */
export async function holder(): Promise<string> {
  const named = at(await world.get('Lease', LEASE, namespace), 'spec', 'holderIdentity');
  return typeof named === 'string' ? named : '';
}

/** The number of a metric without labels, or the sum of all that have these; undefined where there is none. */
export async function metric(index: number, name: string, labels = ''): Promise<number | undefined> {
  return sumOf(await world.operators.metrics(index), name, labels);
}

/** @param labels part of what stands between the braces */
export function sumOf(page: string, name: string, labels = ''): number | undefined {
  const lines = page
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => line.includes(labels));
  if (lines.length === 0) return undefined;
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Replicas that say of themselves that they lead. */
export async function leaders(): Promise<readonly number[]> {
  const running = (await world.operators.list()).filter(({ isRunning }) => isRunning);
  const said = await Promise.all(
    running.map(async ({ index }) => {
      const value = await metric(index, 'mcp_operator_leader').catch(() => undefined);
      return value === 1 ? [index] : [];
    }),
  );
  return said.flat();
}

/** Index of the replica that the lease names and that says so itself. */
export function leader(patience: Patience = LONG): Promise<number> {
  return eventually(
    'one replica leads',
    async () => {
      const [index, ...more] = await leaders();
      const named = (await world.operators.list()).find(({ index: each }) => each === index)?.name;
      return index !== undefined && more.length === 0 && named === (await holder()) ? { index } : undefined;
    },
    patience,
  ).then(({ index }) => index);
}

export const otherThan = (index: number): number => 1 - index;

/** Starts replicas that do not run, as the kubelet does. */
export async function startEnded(): Promise<void> {
  for (const { index, isRunning } of await world.operators.list())
    if (!isRunning) await world.operators.start(index);
}

/** Two with the usual variables that are ready; one of them leads. */
export async function twoReady(): Promise<number> {
  await startEnded();
  for (const { index } of await world.operators.list())
    await eventually(
      `operator ${index} is ready`,
      async () => (await world.operators.health(index, 'readyz')) === 200,
      LONG,
    );
  return leader();
}

/** Waits until a replica has ended by itself. */
export function ended(index: number, patience: Patience = LONG): Promise<OperatorExit> {
  return eventually(
    `operator ${index} has ended`,
    async () => (await world.operators.get(index)).exit,
    patience,
  );
}

/** What the readiness page of a replica says, `200 ok`. */
export async function readiness(index: number): Promise<string> {
  const { healthUrl } = await world.operators.get(index);
  const response = await fetch(`${healthUrl}/readyz`, { signal: AbortSignal.timeout(30_000) });
  return `${response.status} ${await response.text()}`.trim();
}

const NO_WORK: readonly string[] = ['leases', 'events'];

/** What the operator changed since a mark, leases aside. */
export function changesSince(since: Mark, events: 'with events' | 'without events' = 'with events') {
  return world.audit
    .read({ user: world.operatorUser, writes: true, since })
    .filter(
      ({ resource }) => !NO_WORK.includes(resource) || (resource === 'events' && events === 'with events'),
    );
}

/** `patch deployments ns/name`, for failures that people have to read. */
export function lineOf({ verb, resource, subresource, namespace: where, name }: AuditEvent): string {
  const what = subresource === undefined ? resource : `${resource}/${subresource}`;
  return `${verb} ${what} ${where ?? ''}/${name ?? ''}`;
}

const token = z.object({ status: z.object({ token: z.string() }) });

export interface OwnCredentials {
  /** Path of a kubeconfig. */
  readonly file: string;
  /** How the audit log names the token. */
  readonly credential: string;
}

/** Kubeconfigs of the operator's service account with tokens of their own: the audit log tells whose request was whose. */
export class Credentials {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'mcp-runtime-credentials-'));

  /** @param url of the API server, where it is not reached directly */
  async make(url: string = world.about.url): Promise<OwnCredentials> {
    const { namespace: where, serviceAccount } = world.about.operator;
    const { status, text } = await world.send(
      `/api/v1/namespaces/${where}/serviceaccounts/${serviceAccount}/token`,
      {
        method: 'POST',
        body: {
          apiVersion: 'authentication.k8s.io/v1',
          kind: 'TokenRequest',
          spec: { expirationSeconds: 86_400 },
        },
      },
    );
    if (status !== 201) throw new Error(`no token for the operator: ${text}`);
    const answer: unknown = JSON.parse(text);
    const own = token.parse(answer).status.token;
    const file = path.join(this.folder, `${randomBytes(4).toString('hex')}.kubeconfig`);
    writeFileSync(file, kubeconfigText(url, world.about.ca, 'operator', own), { mode: 0o600 });
    return { file, credential: `JTI=${idOf(own)}` };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function idOf(jwt: string): string {
  const payload: unknown = JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString());
  return z.object({ jti: z.string() }).parse(payload).jti;
}

/** A server that says of its spec as it is that its pods are ready. Its route never is: nobody gives addresses. */
export async function isSettled(where: string, name: string): Promise<KubeObject | undefined> {
  const server = await world.must('MCPServer', name, where);
  const current = at(server, 'status', 'observedGeneration') === server.metadata.generation;
  return current && conditionOf(server, 'DeploymentReady')?.status === 'True' ? server : undefined;
}

/** Gives a server a new image and waits until its Deployment has it: somebody works. */
export async function works(where: string, name: string, patience: Patience = LONG): Promise<void> {
  const image = `registry.example.org/${name}:${randomBytes(3).toString('hex')}`;
  await world.patch('MCPServer', name, where, { spec: { image } });
  await eventually(
    `${name} runs ${image}`,
    async () => {
      const deployment = await world.get('Deployment', name, where);
      return at(deployment, 'spec', 'template', 'spec', 'containers', 0, 'image') === image;
    },
    patience,
  );
}
