// The node itself: a control plane, a container runtime, a kubelet and what Services, names and ingress take, started in
// an order in which none has to wait for another's second try. It runs as the second process of its box.
import { execFile } from 'node:child_process';
import { Resolver } from 'node:dns/promises';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { PLAIN_USERS } from '../../cluster/cluster-file.ts';
import type { ApiClient } from '../../engines/api-client.ts';
import { ADMIN } from '../../engines/control-plane-files.ts';
import { ControlPlane } from '../../engines/control-plane.ts';
import type { Say } from '../../engines/go.ts';
import { Processes } from '../../engines/processes.ts';
import { NODE_NAME } from '../addresses.ts';
import { HEALTH_PORT, ingressObjects, XDS_PORT } from '../ingress-files.ts';
import { makeKubeletClient, type KubeletClient } from '../kubelet-client.ts';
import { dnsObjects } from '../node-files.ts';
import { NodeError } from '../node-error.ts';
import type { BoxPlan } from './box-plan.ts';
import {
  containerdSpec,
  contourSpec,
  dnsSpec,
  envoySpec,
  kubeletSpec,
  NODE_USERS,
  proxySpec,
  snapshotterFor,
} from './components.ts';

const execute = promisify(execFile);
const upWithinMs = 120_000;

export class Box {
  readonly plan: BoxPlan;
  readonly plane: ControlPlane;
  readonly processes: Processes;
  private readonly say: Say;

  static async start(plan: BoxPlan, say: Say): Promise<Box> {
    const client = writeKubeletClient(plan.folder, await makeKubeletClient(Date.now()));
    const processes = new Processes(plan.folder);
    processes.start(containerdSpec(plan));
    const { addresses } = plan;
    const importing = importImages(plan, say);
    // It is awaited below; should the control plane fail first, that is what counts.
    importing.catch(() => undefined);
    const plane = await ControlPlane.start({
      engines: plan.engines,
      folder: path.join(plan.folder, 'control-plane'),
      users: [...Object.values(NODE_USERS), ...PLAIN_USERS.map((name) => ({ name, groups: [] }))],
      node: {
        address: addresses.node,
        port: addresses.apiPort,
        services: addresses.services,
        kubeletClient: client,
      },
    });
    say('the API server is up');
    const box = new Box(plan, plane, processes, say);
    await Promise.all([importing, box.startNode(client.certificate), box.startIngress()]);
    return box;
  }

  private constructor(plan: BoxPlan, plane: ControlPlane, processes: Processes, say: Say) {
    this.plan = plan;
    this.plane = plane;
    this.processes = processes;
    this.say = say;
  }

  private async startNode(client: string): Promise<void> {
    const { plan, plane } = this;
    this.processes.start(kubeletSpec(plan, plane.kubeconfigOf(NODE_USERS.kubelet.name), client));
    this.processes.start(proxySpec(plan, plane.kubeconfigOf(NODE_USERS.proxy.name)));
    this.processes.start(dnsSpec(plan, plane.kubeconfigOf(NODE_USERS.dns.name)));
    const admin = plane.clientOf(ADMIN.name);
    try {
      await this.apply(dnsObjects(plan.addresses));
      await this.until('the node is ready', () => isNodeReady(admin));
      const resolver = new Resolver({ timeout: 1_000, tries: 1 });
      resolver.setServers([plan.addresses.dns]);
      const name = 'kubernetes.default.svc.cluster.local';
      await this.until('names are answered', async () => (await resolver.resolve4(name)).length > 0);
      // Pods of a namespace wait for it.
      const account = '/api/v1/namespaces/default/serviceaccounts/default';
      await this.until('there are service accounts', async () => (await admin.send(account)).status === 200);
      this.say('the node is ready');
    } finally {
      await admin.close();
    }
  }

  private async startIngress(): Promise<void> {
    const { plan, plane } = this;
    for (const each of plan.definitions) await this.kubectl(['apply', '--server-side', '-f', each]);
    await this.kubectl(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
    await this.apply(ingressObjects());
    this.processes.start(contourSpec(plan, plane.kubeconfigOf(NODE_USERS.contour.name)));
    const bootstrap = path.join(plan.folder, 'envoy.json');
    const addresses = ['--xds-address=127.0.0.1', `--xds-port=${XDS_PORT}`];
    const admin = `--admin-address=${path.join(plan.folder, 'envoy-admin.sock')}`;
    const args = ['bootstrap', bootstrap, ...addresses, admin, '--xds-resource-version=v3'];
    await execute(plan.engines.contour, args);
    this.processes.start(envoySpec(plan, bootstrap));
    const url = `http://127.0.0.1:${HEALTH_PORT}/ready`;
    await this.until('Envoy hears of Contour', async () => (await fetch(url)).ok);
    this.say('the ingress is up');
  }

  /** Applies objects, again where what they need is not there yet: a young cluster makes its namespaces by and by. */
  private async apply(objects: readonly object[]): Promise<void> {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
    await this.until('objects of the node are applied', async () => {
      await this.kubectl(['apply', '-f', '-'], list);
      return true;
    });
  }

  private async kubectl(args: readonly string[], input = ''): Promise<void> {
    const all = ['--kubeconfig', this.plane.kubeconfigOf(ADMIN.name), ...args];
    const running = execute(this.plan.engines.kubectl, all, { timeout: upWithinMs });
    running.child.stdin?.end(input);
    await running;
  }

  /** Looks until it holds. Throws with the end of the log of any program that has ended by itself. */
  private async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const until = performance.now() + upWithinMs;
    let last: unknown;
    while (performance.now() < until) {
      try {
        if (await holds()) return;
      } catch (error) {
        last = error;
      }
      this.refuseEnded();
      await sleep(100);
    }
    throw new NodeError(
      'box_failed',
      `not in ${upWithinMs / 1000} s: ${what}; see the logs in ${this.plan.folder}`,
      last,
    );
  }

  private refuseEnded(): void {
    const each = this.processes.all().find(({ exit }) => exit !== undefined);
    if (each !== undefined)
      throw new NodeError('box_failed', `${each.name} ended by itself:\n${each.lastWords()}`);
  }
}

function writeKubeletClient(
  folder: string,
  pair: KubeletClient,
): { readonly certificate: string; readonly key: string } {
  mkdirSync(folder, { recursive: true });
  const certificate = path.join(folder, 'kubelet-client.crt');
  const key = path.join(folder, 'kubelet-client.key');
  writeFileSync(certificate, pair.certificate);
  writeFileSync(key, pair.key, { mode: 0o600 });
  return { certificate, key };
}

const nodeAnswer = z.object({
  status: z.object({ conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional() }),
});

async function isNodeReady(admin: ApiClient): Promise<boolean> {
  const { status, text } = await admin.send(`/api/v1/nodes/${NODE_NAME}`);
  if (status !== 200) return false;
  const json: unknown = JSON.parse(text);
  const { conditions } = nodeAnswer.parse(json).status;
  return conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;
}

async function importImages(plan: BoxPlan, say: Say): Promise<void> {
  const until = performance.now() + upWithinMs;
  for (;;) {
    const answered = await execute('ctr', ['version'], { timeout: 5_000 }).catch(() => undefined);
    if (answered !== undefined) break;
    if (performance.now() > until)
      throw new NodeError('box_failed', `containerd does not answer; see containerd.log in ${plan.folder}`);
    await sleep(100);
  }
  // Two at a time, the largest first: one alone keeps neither the processors nor the disk busy.
  const waiting = plan.images.toSorted((a, b) => statSync(b).size - statSync(a).size);
  const lane = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift())
      await importImage(plan.folder, next);
  };
  await Promise.all([lane(), lane()]);
  say(`${plan.images.length} images are loaded`);
}

/** @returns what ctr says: the names of what it imported */
export async function importImage(folder: string, archive: string): Promise<string> {
  const args = ['-n', 'k8s.io', 'images', 'import', '--snapshotter', snapshotterFor(folder), archive];
  const { stdout } = await execute('ctr', args, { timeout: upWithinMs, maxBuffer: 1 << 24 });
  return stdout;
}
