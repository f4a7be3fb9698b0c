// What a platform has to have before anything of it can run: its state folder for itself, its programs, its ports, a
// reaper. Taken in one step and given back in one step.
import { takePlatformLock, type PlatformLock } from './platform-lock.ts';
import { CONSOLE_PORT, freePort, PortBook } from './ports.ts';
import { buildPrograms, type Programs } from './programs.ts';
import { Reaper } from '#runtime/process/reaper.ts';
import { prepareStateDir, stateDirAt } from './state-dir.ts';
import { DEFAULT_PATIENCE, type Patience } from './supervised-process.ts';
import type { Workshop } from './workshop.ts';

export interface HoldOptions {
  readonly stateDir: string;
  readonly portBase?: number | undefined;
  readonly anyFreePorts?: boolean | undefined;
  readonly console?: boolean | undefined;
  readonly patience?: Partial<Patience> | undefined;
}

export interface Held {
  readonly lock: PlatformLock;
  readonly reaper: Reaper;
  readonly programs: Programs;
  readonly workshop: Workshop;
  readonly ports: PortBook;
  readonly apiPort: number;
  readonly ingestPort: number;
}

/** Throws `TroubleError` where another platform has the state folder, or it can't be used. */
export async function takeHold(options: HoldOptions): Promise<Held> {
  const dir = stateDirAt(options.stateDir);
  await prepareStateDir(dir);
  const lock = takePlatformLock(dir.lock);
  const reaper = new Reaper();
  try {
    const programs = await buildPrograms(dir.root, options.console !== false);
    reaper.start();
    const ports = new PortBook({
      file: dir.ports,
      portBase: options.portBase,
      anyFree: options.anyFreePorts,
    });
    const workshop = { dir, programs, reaper, patience: { ...DEFAULT_PATIENCE, ...options.patience } };
    const apiPort = await ports.portOf('console', CONSOLE_PORT);
    return { lock, reaper, programs, workshop, ports, apiPort, ingestPort: await freePort() };
  } catch (error) {
    lock.release();
    throw error;
  }
}

export async function letGo(held: Held): Promise<void> {
  await held.reaper.close();
  await held.programs.remove();
  held.lock.release();
}
