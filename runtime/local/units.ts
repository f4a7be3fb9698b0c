// The servers that run now, brought in line with the ones that the program describes.
import { objectKey, type ObjectRef } from '#api/principal.ts';
import type { IngestKey } from '#api/sentinel-config.ts';
import { FIRST_PROXY_PORT, freePort, type PortBook } from './ports.ts';
import { ServerUnit, type ServerDescription } from './server-unit.ts';
import type { Workshop } from './workshop.ts';

export interface UnitsOptions {
  readonly workshop: Workshop;
  readonly ports: PortBook;
  readonly ingestUrl: string;
  readonly onStatus: () => void;
}

export class Units {
  private readonly options: UnitsOptions;
  private readonly running = new Map<string, ServerUnit>();

  constructor(options: UnitsOptions) {
    this.options = options;
  }

  all(): readonly ServerUnit[] {
    return [...this.running.values()];
  }

  find(ref: ObjectRef): ServerUnit | undefined {
    return this.running.get(objectKey(ref));
  }

  /**
   * Starts what is new, restarts what changed, stops what is gone.
   * @returns what was done, a phrase each
   */
  async reconcile(
    wanted: readonly ServerDescription[],
    keys: readonly IngestKey[],
  ): Promise<readonly string[]> {
    const names = new Set(wanted.map(({ ref }) => objectKey(ref)));
    const gone = [...this.running].filter(([key]) => !names.has(key));
    const stopped = gone.map(async ([key, unit]) => {
      this.running.delete(key);
      await unit.stop();
      return [`server ${key} stopped`];
    });
    // Ports are given out one after the other, in the order of the program, so that they read the same at each start.
    const placed: Promise<readonly string[]>[] = [];
    for (const description of wanted) {
      const key = objectKey(description.ref);
      const known = this.running.get(key);
      if (known !== undefined) placed.push(known.update(description));
      else placed.push(this.add(description, await this.options.ports.portOf(key, FIRST_PROXY_PORT), keys));
    }
    return (await Promise.all([...stopped, ...placed])).flat();
  }

  /** Proxies and servers end together; each proxy before its server. */
  async stop(): Promise<void> {
    await Promise.all(this.all().map((unit) => unit.stop()));
  }

  kill(): void {
    for (const unit of this.all()) unit.kill();
  }

  private async add(
    description: ServerDescription,
    port: number,
    keys: readonly IngestKey[],
  ): Promise<readonly string[]> {
    const { workshop, onStatus, ports, ingestUrl } = this.options;
    const { ref } = description;
    const ingestKey =
      keys.find((key) => key.namespace === ref.namespace && key.server === ref.name)?.key ?? '';
    const place = {
      port,
      portOrigin: ports.origin,
      metricsPort: await freePort(),
      upstreamPort: await freePort(),
      ingestUrl,
      ingestKey,
    };
    const unit = new ServerUnit({ workshop, description, place, onStatus });
    this.running.set(objectKey(ref), unit);
    await unit.start();
    return [`server ${objectKey(ref)} started`];
  }
}
