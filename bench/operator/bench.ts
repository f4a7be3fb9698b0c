// What an operator costs with many servers: how long until all of them are as they should be, how often it asks the API
// server, what it writes when nothing has changed, and its memory. Everything is there before the operator is started,
// which is the hardest start it can have. Pods are kwok's.
import type { Mark } from '#scripts/cluster/audit-log.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { API_VERSION } from '#api/kind.ts';
import type { BenchContext } from '../context.ts';
import { memory } from '../proc/usage.ts';
import { measure, table, type Measure } from '../report.ts';
import { Installation } from './installation.ts';
import { createLoad, GRANTS_PER_SERVER, SESSIONS_PER_SERVER, touchServers } from './objects.ts';

const FEW = 100;
const MANY = 1_000;
/** Longest time until everything is applied, and until nothing moves any more. */
const LIMIT_MS = 480_000;
/** Without a write for so long, everything is settled. */
const QUIET_MS = 10_000;

const servers = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ generation: z.number() }),
      status: z.looseObject({
        observedGeneration: z.number().default(-1),
        deploymentReady: z.boolean().default(false),
      }),
    }),
  ),
});

interface Findings {
  readonly servers: number;
  /** Until every server's children were applied and its status said so. */
  readonly appliedS: number;
  /** Until every server had its pods. */
  readonly podsReadyS: number;
  readonly requestsPerServer: number;
  readonly writesPerServer: number;
  readonly secondPassWrites: number;
  readonly restartWrites: number;
  readonly rssMib: number;
}

class Run {
  private readonly installation: Installation;
  private readonly context: BenchContext;
  private readonly count: number;

  constructor(installation: Installation, context: BenchContext, count: number) {
    this.installation = installation;
    this.context = context;
    this.count = count;
  }

  async findings(): Promise<Findings> {
    const { installation, context, count } = this;
    const { say, signal } = context;
    say(
      `${count} servers: creating them, with ${count * GRANTS_PER_SERVER} grants and ${count * SESSIONS_PER_SERVER} sessions`,
    );
    await createLoad(installation.admin, count, signal);
    const mark = installation.audit.mark();
    say(`${count} servers: the operator starts`);
    const startedMs = performance.now();
    await installation.startOperator();
    const since = () => (performance.now() - startedMs) / 1000;
    let rssMib = 0;
    const look = () => {
      rssMib = Math.max(rssMib, memory(installation.operatorPid).rssMib);
    };
    await this.until(
      'applied',
      ({ status, metadata }) => status.observedGeneration >= metadata.generation,
      look,
    );
    const appliedS = since();
    await this.until('with pods', ({ status }) => status.deploymentReady, look);
    const podsReadyS = since();
    await this.quiet(mark);
    look();
    const first = this.counts(mark);
    const secondPassWrites = await this.secondPass();
    const restartWrites = await this.restart();
    look();
    return {
      servers: count,
      appliedS,
      podsReadyS,
      requestsPerServer: first.requests / count,
      writesPerServer: first.writes / count,
      secondPassWrites,
      restartWrites,
      rssMib,
    };
  }

  private async until(
    what: string,
    isSo: (server: z.output<typeof servers>['items'][number]) => boolean,
    look: () => void,
  ): Promise<void> {
    const deadlineMs = performance.now() + LIMIT_MS;
    let saidMs = performance.now();
    for (;;) {
      this.context.signal.throwIfAborted();
      const { items } = servers.parse(await this.installation.admin.json(`/apis/${API_VERSION}/mcpservers`));
      look();
      const done = items.filter(isSo).length;
      if (done === this.count) return;
      if (performance.now() > deadlineMs) throw new Error(`${done} of ${this.count} servers are ${what}`);
      if (performance.now() - saidMs > 10_000) {
        this.context.say(`${done} of ${this.count} servers are ${what}`);
        saidMs = performance.now();
      }
      await sleep(500, undefined, { signal: this.context.signal });
    }
  }

  /** What the operator asked since a mark; its lease and its events are not about servers. */
  private counts(since: Mark): { readonly requests: number; readonly writes: number } {
    const { audit, operatorUser: user } = this.installation;
    const about = (events: ReturnType<typeof audit.read>) =>
      events.filter(({ resource }) => resource !== 'leases' && resource !== 'events').length;
    return {
      requests: about(audit.read({ user, since })),
      writes: about(audit.read({ user, since, writes: true })),
    };
  }

  /** Waits until the operator has written nothing for a while. */
  private async quiet(since: Mark): Promise<void> {
    const deadlineMs = performance.now() + LIMIT_MS;
    let [writes, changedMs] = [-1, performance.now()];
    while (performance.now() - changedMs < QUIET_MS) {
      const now = this.counts(since).writes;
      if (now !== writes) [writes, changedMs] = [now, performance.now()];
      if (performance.now() > deadlineMs)
        throw new Error(`the operator still writes, ${writes} times by now`);
      await sleep(1_000, undefined, { signal: this.context.signal });
    }
  }

  private async secondPass(): Promise<number> {
    const { installation, context, count } = this;
    context.say(`${count} servers: every one is looked at again`);
    const mark = installation.audit.mark();
    await touchServers(installation.admin, count, context.signal);
    await this.quiet(mark);
    return this.counts(mark).writes;
  }

  private async restart(): Promise<number> {
    const { installation, context, count } = this;
    context.say(`${count} servers: the operator is restarted`);
    await installation.stopOperator();
    const mark = installation.audit.mark();
    await installation.startOperator();
    await sleep(QUIET_MS, undefined, { signal: context.signal });
    await this.quiet(mark);
    return this.counts(mark).writes;
  }
}

async function findingsFor(context: BenchContext, count: number): Promise<Findings> {
  const installation = await Installation.start(context);
  try {
    return await new Run(installation, context, count).findings();
  } finally {
    await installation.stop();
  }
}

export async function benchOperator(context: BenchContext): Promise<readonly Measure[]> {
  const few = await findingsFor(context, FEW);
  const many = await findingsFor(context, MANY);
  const row = (what: string, of: (findings: Findings) => number) =>
    [what, of(few), of(many), of(many) / of(few)] as const;
  console.log(
    table(
      ['', `${FEW} servers`, `${MANY} servers`, 'growth'],
      [
        row('applied, s', ({ appliedS }) => appliedS),
        row('pods ready, s', ({ podsReadyS }) => podsReadyS),
        row('requests a server', ({ requestsPerServer }) => requestsPerServer),
        row('writes a server', ({ writesPerServer }) => writesPerServer),
        row('memory, MiB', ({ rssMib }) => rssMib),
      ],
    ),
  );
  return [
    measure('operator.apply_1000_s', many.appliedS),
    measure('operator.second_pass_writes', many.secondPassWrites),
    measure('operator.restart_writes', many.restartWrites),
    measure('operator.requests_per_server', many.requestsPerServer),
    measure('operator.rss_mib', many.rssMib),
  ];
}
