// Copies images, a few at a time. What is there already, with the same digest, is left alone; what fails doesn't stop
// the others.
import type { Trouble } from '#runtime/local/trouble.ts';
import type { Skopeo } from './skopeo.ts';

/** Names of images, each with its registry. */
export interface CopyJob {
  readonly from: string;
  readonly to: string;
}

export type CopyOutcome =
  | { readonly state: 'copied' | 'present'; readonly digest: string }
  /** Another image had the name before. */
  | { readonly state: 'updated'; readonly digest: string; readonly replaced: string }
  | { readonly state: 'failed'; readonly trouble: Trouble };

const AT_ONCE = 2;

const failed = (trouble: Trouble): CopyOutcome => ({ state: 'failed', trouble });

async function copyOne({ from, to }: CopyJob, tool: Skopeo): Promise<CopyOutcome> {
  const wanted = await tool.digestOf(from, 'source');
  if (!wanted.ok) return failed(wanted.error);
  const digest = wanted.value;
  const before = await tool.digestOf(to, 'target');
  if (!before.ok && before.error.code !== 'image_missing') return failed(before.error);
  if (before.ok && before.value === digest) return { state: 'present', digest };
  const trouble = await tool.copy(from, to);
  if (trouble !== undefined) return failed(trouble);
  const after = await tool.digestOf(to, 'target');
  if (!after.ok) return failed(after.error);
  if (after.value !== digest) return failed(changed(to, digest, after.value));
  return before.ok ? { state: 'updated', digest, replaced: before.value } : { state: 'copied', digest };
}

function changed(target: string, wanted: string, found: string): Trouble {
  return {
    code: 'copy_failed',
    what: `${target} is ${found} after the copy, and not ${wanted}.`,
    where: `target ${target}`,
    remedy: 'Somebody else writes there, or the tag moved meanwhile: run this again.',
  };
}

export interface CopyWatcher {
  readonly starts: (at: number) => void;
  readonly ends: (at: number, outcome: CopyOutcome) => void;
}

/** Outcomes in the order of the jobs. */
export async function copyImages(
  jobs: readonly CopyJob[],
  tool: Skopeo,
  watcher: CopyWatcher,
): Promise<readonly CopyOutcome[]> {
  const done: (readonly [at: number, outcome: CopyOutcome])[] = [];
  const queue = jobs.entries();
  const work = async () => {
    for (const [at, job] of queue) {
      watcher.starts(at);
      const outcome = await copyOne(job, tool);
      done.push([at, outcome]);
      watcher.ends(at, outcome);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return done.toSorted(([a], [b]) => a - b).map(([, outcome]) => outcome);
}
