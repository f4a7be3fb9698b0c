// Tries, from outside the pod, to reach a server past its proxy. The proxy's metrics port is the control: where that one
// can't be reached either, nothing is known of the server's. A connection is all that is tried; nothing is sent.
import { PROXY_PORTS } from '#api/proxy-config.ts';
import type { ObjectRef } from '#api/principal.ts';
import { pause, type Clock } from '#runtime/kube/clock.ts';
import type { Connect } from './connect.ts';

/** Where a server could be reached, were it not for its proxy. */
export interface ProbeTarget {
  readonly server: ObjectRef;
  readonly podUid: string;
  readonly address: string;
  /** Of the server itself. */
  readonly port: number;
}

export interface IsolationProbeOptions {
  /** Uids of pods whose proxy is known. */
  readonly pods: () => Iterable<string>;
  /** Undefined while the pod is not ready: then a port that is closed says nothing. */
  readonly targetOf: (podUid: string) => ProbeTarget | undefined;
  readonly connect: Connect;
  readonly onResult: (target: ProbeTarget, reachable: boolean) => void;
  readonly clock: Clock;
  /** @default 30000 */
  readonly intervalMs?: number;
}

/** Pods that are tried at once. */
const AT_ONCE = 16;
const TICK_MS = 1_000;

export class IsolationProbe {
  private readonly options: IsolationProbeOptions;
  private readonly intervalMs: number;
  /** By pod; when it is its turn. */
  private readonly dueMs = new Map<string, number>();

  constructor(options: IsolationProbeOptions) {
    this.options = options;
    this.intervalMs = options.intervalMs ?? 30_000;
  }

  /** Runs until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.round(signal);
      await pause(TICK_MS, signal);
    }
  }

  /** Tries whoever's turn it is. */
  async round(signal: AbortSignal): Promise<void> {
    const due = this.takeDue();
    const worker = async () => {
      for (let target = due.pop(); target !== undefined; target = due.pop()) {
        const reachable = await this.attempt(target, signal);
        if (signal.aborted) return;
        if (reachable !== undefined) this.options.onResult(target, reachable);
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, due.length) }, worker));
  }

  private takeDue(): ProbeTarget[] {
    const { clock, pods, targetOf } = this.options;
    const nowMs = clock.monotonicMs();
    const present = new Set(pods());
    for (const podUid of this.dueMs.keys()) if (!present.has(podUid)) this.dueMs.delete(podUid);
    return [...present].flatMap((podUid) => {
      if ((this.dueMs.get(podUid) ?? 0) > nowMs) return [];
      const target = targetOf(podUid);
      // With chance, so that distributors don't knock together for ever.
      const waitMs = target === undefined ? TICK_MS : this.intervalMs * (0.8 + 0.4 * Math.random());
      this.dueMs.set(podUid, nowMs + waitMs);
      return target ?? [];
    });
  }

  /** Undefined where it can't be told. */
  private async attempt({ address, port }: ProbeTarget, signal: AbortSignal): Promise<boolean | undefined> {
    const { connect } = this.options;
    if (!(await connect(address, PROXY_PORTS.metrics, signal))) return undefined;
    return await connect(address, port, signal);
  }
}
