// Looks regularly at what the platform cannot be told: which policy each proxy enforces, and whether the sentinel
// stores what it takes. What it finds is shown and reported; it mends nothing.
import { z } from 'zod';
import { objectKey } from '#api/principal.ts';
import { PROXY_PATHS } from '#api/proxy-config.ts';
import { healthReport, SENTINEL_PATHS } from '#api/sentinel-api.ts';
import { isExposed } from './exposed-port.ts';
import { readJsonAt } from './probe.ts';
import type { SentinelUnit } from './sentinel-unit.ts';
import type { ServerUnit } from './server-unit.ts';

const intervalMs = 1_000;

/** A sentinel that has just started says for a moment that its store is not open; that is no news. */
const faultMs = 5_000;

const configStatus = z.object({
  revision: z.string().nullish(),
  last_reload_error: z.string().nullish(),
});

export interface Enforcement {
  /** Revision that the proxy enforces; undefined while it has none or does not answer. */
  readonly revision: string | undefined;
  /** Why it refused the file that lies there. */
  readonly error: string | undefined;
  /** The server can be reached past its proxy, from other machines. */
  readonly exposed: boolean;
}

const nothing: Enforcement = { revision: undefined, error: undefined, exposed: false };

export class Monitor {
  private readonly sources: { readonly units: () => readonly ServerUnit[]; readonly sentinel: SentinelUnit };
  private readonly onChange: () => void;
  private readonly enforcements = new Map<string, Enforcement>();
  private sentinelFault: string | undefined;
  private faultSinceMs: number | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    units: () => readonly ServerUnit[],
    sentinel: SentinelUnit,
    /** Called when something is not what it was at the last look. */
    onChange: () => void,
  ) {
    this.sources = { units, sentinel };
    this.onChange = onChange;
  }

  start(): void {
    this.timer ??= setInterval(() => void this.look(), intervalMs);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  enforcementOf(unit: ServerUnit): Enforcement {
    return this.enforcements.get(objectKey(unit.ref)) ?? nothing;
  }

  /** What the sentinel says is wrong with it, while it runs. */
  get sentinelProblem(): string | undefined {
    return this.sentinelFault;
  }

  async look(): Promise<void> {
    await Promise.all([...this.sources.units().map((unit) => this.lookAt(unit)), this.lookAtSentinel()]);
  }

  async lookAt(unit: ServerUnit): Promise<void> {
    const known = this.enforcementOf(unit);
    const seen =
      unit.proxyStatus.phase === 'running'
        ? await readJsonAt(unit.managementUrl + PROXY_PATHS.configStatus, configStatus)
        : undefined;
    const revision = seen?.revision ?? undefined;
    const error = seen?.last_reload_error ?? undefined;
    const exposed = unit.serverStatus.phase === 'running' && (await isExposed(unit.upstreamPort));
    if (known.revision === revision && known.error === error && known.exposed === exposed) return;
    this.enforcements.set(objectKey(unit.ref), { revision, error, exposed });
    this.onChange();
  }

  private async lookAtSentinel(): Promise<void> {
    const { sentinel } = this.sources;
    const health =
      sentinel.status.phase === 'running'
        ? await readJsonAt(sentinel.url + SENTINEL_PATHS.health, healthReport)
        : undefined;
    const faults = Object.entries(health?.components ?? {})
      .filter(([, component]) => component.status === 'degraded')
      .map(([name, component]) => `${name}: ${component.message ?? 'does not work'}`);
    this.faultSinceMs = faults.length === 0 ? undefined : (this.faultSinceMs ?? performance.now());
    const lasts = this.faultSinceMs !== undefined && performance.now() - this.faultSinceMs >= faultMs;
    const fault = lasts ? faults.join('; ') : undefined;
    if (fault === this.sentinelFault) return;
    this.sentinelFault = fault;
    this.onChange();
  }
}
