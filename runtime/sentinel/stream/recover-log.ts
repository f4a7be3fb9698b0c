// Finds out what a log folder holds after whatever happened to the process or the machine that wrote it. The last
// segment may end in a torn write, which is cut. Everything else has to be whole; what is not is counted as lost.
import type { Log } from '#runtime/process/log.ts';
import type { LogFiles } from './log-files.ts';
import type { Segment } from './segment.ts';
import { scanSegment, segmentBase, segmentName } from './segment.ts';

/** Text file with the offset from which the reader goes on. */
export const COMMITTED_FILE = 'committed';

export interface RecoveredLog {
  readonly segments: readonly Segment[];
  readonly end: number;
  readonly committed: number;
  /** Acknowledged, uncommitted events that are gone. */
  readonly lost: number;
}

export async function recoverLog(files: LogFiles, log: Log): Promise<RecoveredLog> {
  const names = await files.list();
  const bases = names.flatMap((name) => segmentBase(name) ?? []).sort((a, b) => a - b);
  const saved = await readCommitted(files);
  const segments: Segment[] = [];
  let lost = 0;
  for (const [at, base] of bases.entries()) {
    const ceiling = bases[at + 1] ?? Infinity;
    const file = await files.open(segmentName(base), { create: false });
    const segment = await scanSegment(file, base, ceiling);
    segments.push(segment);
    if (ceiling === Infinity) await cutTail(segment, log);
    else lost += reportGap(segment, ceiling, saved, log);
  }
  const end = segments.at(-1)?.end ?? 0;
  const start = segments[0]?.base ?? 0;
  if (saved > end)
    log.warn({ saved, end }, 'The log ends before the position of its writer; it starts again there.');
  return { segments, end, committed: Math.min(Math.max(saved, start), end), lost };
}

async function readCommitted(files: LogFiles): Promise<number> {
  const text = (await files.readText(COMMITTED_FILE)) ?? '';
  return /^\d{1,15}\n$/.test(text) ? Number(text) : 0;
}

async function cutTail(segment: Segment, log: Log): Promise<void> {
  const torn = (await segment.file.size()) - segment.size;
  if (torn === 0) return;
  log.warn({ segment: segmentName(segment.base), bytes: torn }, 'Cut an unfinished write off the log.');
  await segment.file.truncate(segment.size);
  await segment.file.sync();
}

function reportGap(segment: Segment, ceiling: number, committed: number, log: Log): number {
  const events = Math.max(0, ceiling - Math.max(segment.end, committed));
  if (events > 0) {
    log.error(
      { segment: segmentName(segment.base), offset: segment.end, events },
      'A part of the log is damaged: these acknowledged events are lost. Check the disk.',
    );
  }
  return events;
}
