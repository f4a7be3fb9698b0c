// What people and tools are told of a mirror: each image as it is dealt with, what failed at the end with its remedy,
// and how an environment uses the mirror.
import type { UsedImage } from '#render/images.ts';
import type { Trouble } from '#runtime/local/trouble.ts';
import { EXIT, print, printJson, printTrouble, type Exit } from '../output.ts';
import type { CopyOutcome, CopyWatcher } from './copy-images.ts';
import type { PlannedCopy } from './mirror-plan.ts';

export interface MirrorRun {
  readonly to: string;
  /** Whether the environment names the mirror already. */
  readonly isKnown: boolean;
  readonly copies: readonly PlannedCopy[];
  readonly kept: readonly UsedImage[];
  readonly json: boolean;
}

const WORDS = { copied: 'copied', updated: 'updated', present: 'there', failed: 'FAILED' } as const;

export class MirrorReport implements CopyWatcher {
  readonly #run: MirrorRun;

  constructor(run: MirrorRun) {
    this.#run = run;
  }

  starts(at: number): void {
    const { source } = this.#run.copies[at] ?? {};
    process.stderr.write(`${this.#count(at)}  …        ${source}\n`);
  }

  ends(at: number, outcome: CopyOutcome): void {
    const { source, target } = this.#run.copies[at] ?? {};
    const { state } = outcome;
    const digest = state === 'failed' ? '' : `  ${outcome.digest}`;
    const line = `${this.#count(at)}  ${WORDS[state].padEnd(7)}  ${source} → ${target}${digest}`;
    if (this.#run.json) process.stderr.write(`${line}\n`);
    else print(line);
  }

  /** What would be copied. */
  planned(): Exit {
    const { copies, json } = this.#run;
    if (json) {
      this.#printJson(copies.map((copy) => ({ ...copy, state: 'planned' })));
      return EXIT.ok;
    }
    for (const { source, target } of copies) print(`${source} → ${target}`);
    this.#tellKept();
    this.#tellUse();
    return EXIT.ok;
  }

  /** @param outcomes of the copies, in their order */
  done(outcomes: readonly CopyOutcome[]): Exit {
    const { copies, json } = this.#run;
    const failed = outcomes.filter((outcome) => outcome.state === 'failed');
    if (json) this.#printJson(copies.map((copy, at) => ({ ...copy, ...outcomes[at] })));
    else {
      this.#tellKept();
      print(`\n${summary(outcomes)}`);
      if (failed.length === 0) this.#tellUse();
    }
    outcomes.forEach((outcome, at) => {
      if (outcome.state === 'failed') printTrouble(withUses(outcome.trouble, copies[at]?.uses));
    });
    return failed.length === 0 ? EXIT.ok : EXIT.failed;
  }

  #count(at: number): string {
    const { length } = this.#run.copies;
    return `${String(at + 1).padStart(String(length).length)} of ${length}`;
  }

  #tellKept(): void {
    for (const { image } of this.#run.kept) print(`${image} stays: it is of the environment's own registry`);
  }

  #tellUse(): void {
    const { to, isKnown } = this.#run;
    if (isKnown) print(`\nThe environment has them pulled from there already (images.mirror).`);
    else
      print(`\nSay so in the environment, and they are pulled from there:\n\n  images:\n    mirror: ${to}`);
  }

  #printJson(images: readonly object[]): void {
    const { to, kept } = this.#run;
    printJson({ environment: { images: { mirror: to } }, images, kept });
  }
}

/** Who misses it: whoever wrote that can mend its name. */
const withUses = (trouble: Trouble, uses: readonly string[] = []): Trouble => ({
  ...trouble,
  evidence: [...(trouble.evidence ?? []), ...uses.map((use) => `pulled by ${use}`)],
});

function summary(outcomes: readonly CopyOutcome[]): string {
  const count = (state: CopyOutcome['state']) => outcomes.filter((outcome) => outcome.state === state).length;
  const parts = [
    [count('copied'), 'copied'],
    [count('updated'), 'updated'],
    [count('present'), 'there already'],
    [count('failed'), 'failed'],
  ] as const;
  const told = parts.filter(([number]) => number > 0).map(([number, what]) => `${number} ${what}`);
  return `${outcomes.length} images: ${told.length === 0 ? 'none' : told.join(', ')}`;
}
