// The operator under test: two replicas of its real bundle, each a process with the operator's own service account.
// A test may stop, kill and start them, with other variables too.
import { readFileSync } from 'node:fs';
import type { EngineProcess, Exit, Processes } from '../engines/processes.ts';
import { freePort } from '../engines/free-port.ts';

export interface OperatorsOptions {
  readonly supervisor: Processes;
  /** The bundle. */
  readonly program: string;
  readonly kubeconfig: string;
  readonly namespace: string;
  /** Variables of every replica. */
  readonly env: Readonly<Record<string, string>>;
  /** @default 2 */
  readonly replicas?: number;
  /** Of Node. @default source maps, for logs that point into the source; they cost memory */
  readonly nodeFlags?: readonly string[];
}

export interface OperatorReplica {
  readonly index: number;
  /** Also its POD_NAME, and what stands in the lease that it holds. */
  readonly name: string;
  readonly pid: number | undefined;
  readonly isRunning: boolean;
  /** How the last run of it ended; absent while it runs. */
  readonly exit: Exit | undefined;
  readonly healthUrl: string;
  readonly metricsUrl: string;
  readonly logFile: string;
}

interface Slot {
  readonly name: string;
  readonly health: number;
  readonly metrics: number;
  process: EngineProcess | undefined;
}

export class Operators {
  private readonly options: OperatorsOptions;
  private readonly slots: readonly Slot[];

  /** Starts all replicas. */
  static async start(options: OperatorsOptions): Promise<Operators> {
    const slots: Slot[] = [];
    for (let index = 0; index < (options.replicas ?? 2); index += 1) {
      const [health, metrics] = [await freePort(), await freePort()];
      slots.push({ name: `mcp-runtime-operator-${index}`, health, metrics, process: undefined });
    }
    const operators = new Operators(options, slots);
    for (const index of slots.keys()) operators.start(index);
    return operators;
  }

  private constructor(options: OperatorsOptions, slots: readonly Slot[]) {
    this.options = options;
    this.slots = slots;
  }

  list(): readonly OperatorReplica[] {
    return this.slots.map((slot, index) => ({
      index,
      name: slot.name,
      pid: slot.process?.pid,
      isRunning: slot.process !== undefined && slot.process.exit === undefined,
      exit: slot.process?.exit,
      healthUrl: `http://127.0.0.1:${slot.health}`,
      metricsUrl: `http://127.0.0.1:${slot.metrics}/metrics`,
      logFile: slot.process?.logFile ?? '',
    }));
  }

  /**
   * Starts a replica that does not run.
   * @param env variables beside and before those of every replica; an empty one counts as unset
   */
  start(index: number, env: Readonly<Record<string, string>> = {}): void {
    const slot = this.slot(index);
    if (slot.process !== undefined && slot.process.exit === undefined)
      throw new Error(`operator ${index} runs already`);
    slot.process = this.options.supervisor.start({
      name: slot.name,
      program: process.execPath,
      args: [
        ...(this.options.nodeFlags ?? ['--enable-source-maps']),
        this.options.program,
        `--health-probe-bind-address=127.0.0.1:${slot.health}`,
        `--metrics-bind-address=127.0.0.1:${slot.metrics}`,
        '--leader-elect',
      ],
      env: {
        KUBECONFIG: this.options.kubeconfig,
        POD_NAME: slot.name,
        POD_NAMESPACE: this.options.namespace,
        ...this.options.env,
        ...env,
      },
    });
  }

  /** SIGTERM, as the kubelet does. */
  async stop(index: number): Promise<Exit | undefined> {
    return this.slot(index).process?.stop();
  }

  /** SIGKILL. */
  async kill(index: number): Promise<Exit | undefined> {
    return this.slot(index).process?.kill();
  }

  /** SIGSTOP or SIGCONT: it hangs, and goes on. */
  signal(index: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
    const { process: running } = this.slot(index);
    if (running?.exit === undefined && running !== undefined) process.kill(running.pid, signal);
  }

  log(index: number): string {
    const file = this.slot(index).process?.logFile;
    return file === undefined ? '' : readFileSync(file, 'utf8');
  }

  private slot(index: number): Slot {
    const slot = this.slots[index];
    if (slot === undefined) throw new Error(`there is no operator ${index}`);
    return slot;
  }
}
