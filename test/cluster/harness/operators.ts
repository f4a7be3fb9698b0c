// The replicas of the operator under test. Tests that stop or start them belong into test/cluster/serial, and put back
// two with the usual variables when they are done: `reset`.
import { z } from 'zod';
import type { Control } from './control.ts';
import { eventually } from './eventually.ts';

const exit = z.object({ code: z.number().nullable(), signal: z.string().nullable() });

const replica = z.object({
  index: z.number(),
  name: z.string(),
  pid: z.number().optional(),
  isRunning: z.boolean(),
  exit: exit.optional(),
  healthUrl: z.string(),
  metricsUrl: z.string(),
  logFile: z.string(),
});

export type OperatorReplica = z.output<typeof replica>;
export type OperatorExit = z.output<typeof exit>;

export class Operators {
  private readonly control: Control;

  constructor(control: Control) {
    this.control = control;
  }

  list(): Promise<readonly OperatorReplica[]> {
    return this.control.ask('operators', {}, z.array(replica));
  }

  async get(index: number): Promise<OperatorReplica> {
    const found = (await this.list())[index];
    if (found === undefined) throw new Error(`there is no operator ${index}`);
    return found;
  }

  /**
   * Starts a replica that does not run; it does not wait for it to be ready.
   * @param env variables that differ from the usual ones; an empty text unsets one
   */
  async start(index: number, env: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.control.ask('operator-start', { index, env }, z.unknown());
  }

  /** SIGTERM; returns how it ended. */
  stop(index: number): Promise<OperatorExit | null> {
    return this.control.ask('operator-stop', { index }, exit.nullable());
  }

  /** SIGKILL. */
  kill(index: number): Promise<OperatorExit | null> {
    return this.control.ask('operator-kill', { index }, exit.nullable());
  }

  /** Lets it hang (SIGSTOP), or go on (SIGCONT). */
  async signal(index: number, signal: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    await this.control.ask('operator-signal', { index, signal }, z.unknown());
  }

  /** All that a replica ever wrote, of all its runs. */
  log(index: number): Promise<string> {
    return this.control.ask('operator-log', { index }, z.string());
  }

  async stopAll(): Promise<void> {
    for (const { index, isRunning } of await this.list()) if (isRunning) await this.stop(index);
  }

  /** Stops all, and starts all with the same variables. */
  async restartAll(env: Readonly<Record<string, string>> = {}): Promise<void> {
    await this.stopAll();
    for (const { index } of await this.list()) await this.start(index, env);
  }

  /** Starts those that do not run, with the usual variables, and waits until each says that it is well. */
  async reset(): Promise<void> {
    for (const { index, isRunning } of await this.list()) if (!isRunning) await this.start(index);
    for (const { index } of await this.list())
      await eventually(
        `operator ${index} is well`,
        async () => (await this.health(index, 'healthz')) === 200,
      );
  }

  /** The status of a health page; 0 where nobody answers. */
  async health(index: number, page: 'healthz' | 'readyz'): Promise<number> {
    const { healthUrl } = await this.get(index);
    try {
      const response = await fetch(`${healthUrl}/${page}`, { signal: AbortSignal.timeout(30_000) });
      await response.body?.cancel();
      return response.status;
    } catch {
      return 0;
    }
  }

  /** The page of metrics, as Prometheus reads it. */
  async metrics(index: number): Promise<string> {
    const { metricsUrl } = await this.get(index);
    const response = await fetch(metricsUrl, { signal: AbortSignal.timeout(30_000) });
    return response.text();
  }
}
