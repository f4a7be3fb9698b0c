// Where the API learns what runs and who may call it: a file that the platform's runner writes, or the cluster.
import { inventory, EMPTY_INVENTORY } from '#api/inventory.ts';
import type { Inventory } from '#api/inventory.ts';
import type { Clock } from '#runtime/process/clock.ts';
import { parseJsonFile, ReloadedFile } from '../reloaded-file.ts';
import type { LiveFeed } from './live-feed.ts';

export interface InventorySource {
  /** The last inventory that could be read; an empty one where there was none. */
  current(): Promise<Inventory>;
  /** Why what `current` says may be old. */
  readonly problem: string | undefined;
  /** Tells `feed` of changes until `stop`. */
  announceTo(feed: LiveFeed): void;
  stop(): void;
}

const LOOK_MS = 400;

/**
 * The inventory file. While somebody watches, it is looked at a few times a second and they are told of a change;
 * otherwise it is read when it is asked for.
 */
export class FileInventory implements InventorySource {
  private readonly file: ReloadedFile<Inventory> | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(file: string | undefined, clock: Clock) {
    this.file =
      file === undefined
        ? undefined
        : new ReloadedFile({ file, clock, parse: (text) => parseJsonFile(inventory, text) });
  }

  async current(): Promise<Inventory> {
    return (await this.file?.current()) ?? EMPTY_INVENTORY;
  }

  get problem(): string | undefined {
    return this.file?.problem;
  }

  announceTo(feed: LiveFeed): void {
    const { file } = this;
    if (file === undefined) return;
    let told = file.version;
    this.timer = setInterval(() => {
      if (feed.size === 0) return;
      void file.current().then(() => {
        if (file.version !== told) feed.inventoryChanged();
        told = file.version;
      });
    }, LOOK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }
}
