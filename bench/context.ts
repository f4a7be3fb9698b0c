// What every bench gets: where to write, what to start processes with, how long to measure, when to stop.
import type { Processes } from './proc/processes.ts';

export interface BenchContext {
  /** An empty folder, removed at the end. */
  readonly folder: string;
  readonly processes: Processes;
  readonly env: NodeJS.ProcessEnv;
  /** How often the candidates take turns. */
  readonly rounds: number;
  /** Seconds of one turn. */
  readonly seconds: number;
  /** Says what is being done; results are not said but returned. */
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}
