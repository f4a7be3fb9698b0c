// What every unit of the platform needs to run its processes: where things lie, how patient to be, who reaps.
import path from 'node:path';
import type { Probe } from './probe.ts';
import type { ProcessSpec } from './process-trouble.ts';
import type { Programs } from './programs.ts';
import type { Reaper } from '#runtime/process/reaper.ts';
import type { StateDir } from './state-dir.ts';
import { SupervisedProcess, type Patience, type SupervisedProcessOptions } from './supervised-process.ts';

export interface Workshop {
  readonly dir: StateDir;
  readonly programs: Programs;
  readonly reaper: Reaper;
  readonly patience: Patience;
}

export interface ProcessRequest {
  readonly spec: ProcessSpec;
  readonly probe: Probe;
  readonly logName: string;
  readonly onStatus: SupervisedProcessOptions['onStatus'];
}

export function superviseIn(workshop: Workshop, request: ProcessRequest): SupervisedProcess {
  const { spec, probe, onStatus, logName } = request;
  const logFile = path.join(workshop.dir.logs, `${logName}.log`);
  const { patience, reaper } = workshop;
  return new SupervisedProcess({ spec, probe, onStatus, patience, reaper, logFile });
}

/** Variables that any program may have; those of the platform's own programs get nothing else from the outside. */
export function basicEnv(): Readonly<Record<string, string | undefined>> {
  const { PATH, HOME, TMPDIR, TZ, LANG } = process.env;
  return { PATH, HOME, TMPDIR, TZ, LANG };
}

/** The user's own environment for the user's own servers, where `node` is the one that runs the platform. */
export function userEnv(): Readonly<Record<string, string | undefined>> {
  const { PATH = '' } = process.env;
  return { ...process.env, PATH: [path.dirname(process.execPath), PATH].join(path.delimiter) };
}
