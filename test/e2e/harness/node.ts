// What a test has of the node that `npm run test:e2e` brought up, beside its API server: that is `cluster()`, with all
// helpers of the cluster tests. Here its programs are frozen, ended and started, and its images and containers handled.
import { readFileSync } from 'node:fs';
import { describe } from '@jest/globals';
import { z } from 'zod';
import { CLUSTER_VARIABLE } from '#scripts/cluster/cluster-file.ts';
import { execution, type Component, type Execution } from '#scripts/node/node-answers.ts';
import { nodeFile, type NodeFile } from '#scripts/node/node-file.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { Control } from '#test/cluster/harness/control.ts';
import { eventually } from '#test/cluster/harness/eventually.ts';
import { at, byName, items, type KubeObject } from '#test/cluster/harness/objects.ts';

export type { Component, Execution };

let shared: TestedNode | undefined;

/** The node under test. */
export function node(): TestedNode {
  shared ??= connect();
  return shared;
}

function connect(): TestedNode {
  const file = process.env[CLUSTER_VARIABLE];
  if (file === undefined) throw new Error('there is no node: run these tests with npm run test:e2e');
  const json: unknown = JSON.parse(readFileSync(file, 'utf8'));
  return new TestedNode(nodeFile.parse(json));
}

/** Like `describe`, for tests that handle the node itself: they are left out on a cluster that was there before. */
export const describeOwnNode = (name: string, tests: () => void): void =>
  (node().about.kind === 'box' ? describe : describe.skip)(name, tests);

export class TestedNode {
  readonly about: NodeFile;
  private readonly control: Control;

  constructor(about: NodeFile) {
    this.about = about;
    this.control = new Control(about.control);
  }

  /** Where Envoy takes plain HTTP, for an Ingress of class `contour` and routes of the Gateway. */
  get ingress(): NonNullable<NodeFile['ingress']> {
    if (this.about.ingress === undefined)
      throw new Error('the cluster under test has no ingress that is known');
    return this.about.ingress;
  }

  /** Runs a program on the node, as root, among its processes and in its network. */
  exec(
    command: readonly string[],
    options: { readonly input?: string; readonly timeoutMs?: number } = {},
  ): Promise<Execution> {
    return this.control.ask('exec', { command, ...options }, execution);
  }

  /** Programs that run, with their ids on the node. */
  components(): Promise<readonly { readonly name: string; readonly pid: number }[]> {
    return this.control.ask('components', {}, z.array(z.object({ name: z.string(), pid: z.number() })));
  }

  /** Stops a program in its tracks: whoever talks to it waits. */
  async freeze(name: Component): Promise<void> {
    await this.control.ask('component-signal', { name, signal: 'SIGSTOP' }, z.unknown());
  }

  async thaw(name: Component): Promise<void> {
    await this.control.ask('component-signal', { name, signal: 'SIGCONT' }, z.unknown());
  }

  /** Freezes a program while something is done, and has it go on however that ends. */
  async whileFrozen<T>(name: Component, work: () => Promise<T>): Promise<T> {
    await this.freeze(name);
    try {
      return await work();
    } finally {
      await this.thaw(name);
    }
  }

  /** Ends a program. To have the API server go and come back, use `cluster().restartApiServer()`, which waits for it. */
  async stop(name: Component): Promise<void> {
    await this.control.ask('component-stop', { name }, z.unknown());
  }

  async start(name: Component): Promise<void> {
    await this.control.ask('component-start', { name }, z.unknown());
  }

  /** The last two hundred lines that a program logged. */
  log(name: Component): Promise<string> {
    return this.control.ask('component-log', { name }, z.string());
  }

  images(): Promise<readonly string[]> {
    return this.control.ask('images', {}, z.array(z.string()));
  }

  /** @param archive path of a docker or OCI archive on this machine */
  async loadImage(archive: string): Promise<void> {
    await this.control.ask('image-load', { archive }, z.unknown());
  }

  async deleteImage(name: string): Promise<void> {
    await this.control.ask('image-delete', { name }, z.unknown());
  }

  /** Kills the first process of a container, as if it had crashed. */
  async killContainer(pod: KubeObject, name: string, signal = 'SIGKILL'): Promise<void> {
    const id = at(byName(items(pod, 'status', 'containerStatuses'), name), 'containerID');
    if (typeof id !== 'string') throw new Error(`${pod.metadata.name} runs no container ${name}`);
    await this.control.ask('container-kill', { id, signal }, z.unknown());
  }

  /** Has the node silent until the cluster takes it for lost, and comes back however the work ends. */
  async whileLost<T>(work: () => Promise<T>): Promise<T> {
    await this.stop('kubelet');
    try {
      await eventually('the node is lost', async () => !(await this.isReady()), {
        timeoutMs: 60_000,
      });
      return await work();
    } finally {
      await this.start('kubelet');
      await eventually('the node is back', () => this.isReady(), { timeoutMs: 60_000 });
    }
  }

  private async isReady(): Promise<boolean> {
    const object = await cluster().must('Node', this.about.node?.name ?? '');
    const ready = items(object, 'status', 'conditions').find((each) => at(each, 'type') === 'Ready');
    return at(ready, 'status') === 'True';
  }
}
