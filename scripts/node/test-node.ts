// A Kubernetes node of one's own: a box of namespaces on this machine, in which everything runs that a cluster of one
// node takes. It is up in seconds, it touches nothing of the machine's, and ending its first process ends all of it.
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { engineCache, type ChartEngines, type NodeEngines } from '../engines/find-engines.ts';
import type { Say } from '../engines/go.ts';
import { boxEvent, type BoxPlan } from './box/box-plan.ts';
import { makeControlGroups } from './control-groups.ts';
import { GATEWAY, type GatewayRef } from './ingress-files.ts';
import { makeLink } from './network.ts';
import { NodeError } from './node-error.ts';
import { NODE_FILE, nodeFile, type NodeFile } from './node-file.ts';
import { writeOwnImages } from './own-images.ts';
import { childrenOf } from './process-identity.ts';
import { noteBox, removeRemains } from './remains.ts';
import { checkRequirements, findProgram, systemPath, thisMachine } from './requirements.ts';
import { takeSlot, type Slot } from './slot.ts';

export interface TestNodeOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly say: Say;
  readonly engines: NodeEngines;
  /** Path of Envoy. */
  readonly envoy: string;
  /** Archives of images to load before the node counts as up. */
  readonly images: readonly string[];
  /** Files and folders of definitions: those of the Gateway API and of Contour at least. */
  readonly definitions: readonly string[];
  /** The Gateway that is served. @default one that the node brings along */
  readonly gateway?: GatewayRef | undefined;
  /** For tests that install charts. @default they can't */
  readonly charts?: ChartEngines | undefined;
}

const execute = promisify(execFile);

const main = path.join(import.meta.dirname, 'box/main.ts');

export class TestNode {
  readonly folder: string;
  readonly about: NodeFile;
  /** Id of the first process of the box, for `nsenter --target`. */
  readonly pid: number;
  private readonly slot: Slot;

  /**
   * Brings a node up. Nothing is left where it throws, or is aborted.
   * @throws NodeError that says what is missing or which part failed
   */
  static async start(options: TestNodeOptions, signal: AbortSignal): Promise<TestNode> {
    const machine = thisMachine(options.env);
    await checkRequirements(machine);
    const busybox = (await findProgram('busybox', machine.path)) ?? 'busybox';
    const slot = await takeSlot(path.join(engineCache(options.env), '../nodes'), options.say, removeRemains);
    try {
      const images = [...writeOwnImages(slot.folder, busybox), ...options.images];
      const { engines, envoy, definitions, gateway = GATEWAY } = options;
      const plan: BoxPlan = {
        addresses: slot.addresses,
        folder: slot.folder,
        engines,
        envoy,
        images,
        definitions: [...definitions],
        gateway,
        charts: options.charts,
      };
      const pid = await startBox(plan, options, signal);
      return new TestNode(slot, pid);
    } catch (error) {
      await removeRemains(slot);
      throw error;
    }
  }

  private constructor(slot: Slot, pid: number) {
    this.slot = slot;
    this.pid = pid;
    this.folder = slot.folder;
    const json: unknown = JSON.parse(readFileSync(this.file, 'utf8'));
    this.about = nodeFile.parse(json);
  }

  /** Path of the file for tests. */
  get file(): string {
    return path.join(this.slot.folder, NODE_FILE);
  }

  /** Runs a program on the node, as root. @throws NodeError with what it said */
  async exec(command: readonly string[]): Promise<void> {
    try {
      await execute('nsenter', ['--all', '--target', String(this.pid), '--', ...command], {
        timeout: 60_000,
      });
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      throw new NodeError('box_failed', `on the node: ${said}`, error);
    }
  }

  /** Ends everything in it, and removes what it had on the machine. */
  async stop(): Promise<void> {
    await removeRemains(this.slot);
  }
}

/** Joins control groups, and only then makes the namespaces: that of control groups begins at the group it is made in. */
const JOIN = 'for file in $GROUPS_TO_JOIN; do echo $$ > "$file" || exit 1; done; exec "$@"';

/** The first process of the box reaps what others leave behind, which Node.js would not. */
const FIRST = '"$@" & wait "$!"';

const SPACES = ['--mount', '--net', '--pid', '--ipc', '--uts', '--cgroup'];

function spawnBox(plan: BoxPlan, { env }: TestNodeOptions): ChildProcess {
  const planFile = path.join(plan.folder, 'plan.json');
  writeFileSync(planFile, JSON.stringify(plan), { mode: 0o600 });
  const groups = makeControlGroups(plan.addresses.controlGroup);
  const log = openSync(path.join(plan.folder, 'box.log'), 'a');
  const args = [
    // The kernel ends the box when this process is gone, however it went.
    ...['--pdeathsig', 'KILL', 'sh', '-c', JOIN, 'sh'],
    ...['unshare', ...SPACES, '--fork', '--kill-child', '--mount-proc'],
    ...['sh', '-c', FIRST, 'sh', process.execPath, '--import', 'tsx', main, planFile],
  ];
  const child = spawn('setpriv', args, {
    // A Ctrl-C in the terminal must not end parts of it before the rest.
    detached: true,
    env: { ...env, PATH: systemPath(env['PATH'] ?? ''), GROUPS_TO_JOIN: groups.join(' ') },
    stdio: ['ignore', 'pipe', log],
  });
  closeSync(log);
  return child;
}

/** @returns id of the first process of the box, when everything in it runs */
async function startBox(plan: BoxPlan, options: TestNodeOptions, signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  mkdirSync(plan.folder, { recursive: true });
  const child = spawnBox(plan, options);
  const { stdout } = child;
  if (stdout === null) throw new NodeError('box_failed', 'the box has no standard output');
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let first: number | undefined;
  const abort = () => child.kill('SIGKILL');
  signal.addEventListener('abort', abort);
  try {
    for await (const line of createInterface({ input: stdout })) {
      const json: unknown = JSON.parse(line);
      const event = boxEvent.parse(json);
      if ('say' in event) options.say(event.say);
      else if (event.event === 'ready' && first !== undefined) {
        // A process that waits for it must not keep this one.
        child.unref();
        return first;
      } else first = await takeIn(plan, child.pid ?? 0);
    }
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
  await ended;
  signal.throwIfAborted();
  throw new NodeError('box_failed', `the node did not come up:\n${lastWords(plan.folder)}`);
}

/** Notes the box's first process, and links its network to the machine's. */
async function takeIn(plan: BoxPlan, unshare: number): Promise<number> {
  const [pid] = childrenOf(unshare);
  if (pid === undefined) throw new NodeError('box_failed', 'the box ended before it began');
  noteBox(plan.folder, pid);
  await makeLink(plan.addresses, pid);
  return pid;
}

function lastWords(folder: string): string {
  const text = readFileSync(path.join(folder, 'box.log'), 'utf8').trim();
  return text === '' ? '(it said nothing)' : text.split('\n').slice(-12).join('\n');
}
