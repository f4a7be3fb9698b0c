// `mcp-runtime images mirror`: copies what a program's cluster pulls into a registry of one's own.
import { existsSync } from 'node:fs';
import { InvalidArgumentError, type Command } from 'commander';
import { mirrorRegistry } from '#api/image-mirror.ts';
import { registryOf } from '#api/image-name.ts';
import { TroubleError } from '#runtime/local/trouble.ts';
import { defaultProgram } from '../default-program.ts';
import { Interrupt } from '../interrupt.ts';
import { copyImages } from '../mirror/copy-images.ts';
import { collisionsOf, mirrorSources, plannedCopies, type PlannedCopy } from '../mirror/mirror-plan.ts';
import { MirrorReport } from '../mirror/mirror-report.ts';
import { Skopeo } from '../mirror/skopeo.ts';
import { EXIT, type Exit } from '../output.ts';
import { readProgramView } from '../program-view.ts';

interface MirrorOptions {
  readonly to?: string | undefined;
  readonly dryRun?: true | undefined;
  readonly authfile?: string | undefined;
  readonly insecure?: readonly string[] | undefined;
  readonly json?: true | undefined;
}

export function addMirror(images: Command, end: (exit: Exit) => void): void {
  images
    .command('mirror')
    .summary('copy the images of a program into a registry of your own')
    .description(
      'Copies every image that a cluster pulls for a program into a registry of your own, with all architectures and ' +
        "the same digests, and says how the program's environment uses them. It needs skopeo.",
    )
    .argument('[program]', 'TypeScript file that exports default (app) => { … }', defaultProgram())
    .option(
      '--to <registry>',
      'host, port and path (default: images.mirror of the environment)',
      readRegistry,
    )
    .option('--dry-run', 'say what would be copied where, and copy nothing')
    .option(
      '--authfile <file>',
      "logins of registries, as skopeo and podman keep them (default: skopeo's own)",
    )
    .option(
      '--insecure <registry>',
      'a registry that may do without TLS, once for each; those of this machine may anyway',
      (registry: string, others: readonly string[] | undefined) => [...(others ?? []), registry],
    )
    .option('--json', 'print JSON instead of text')
    .addHelpText(
      'after',
      `
An image keeps its path, tag and digest, and loses the host of its registry. What is there already, with
the same digest, is not copied again. Images of the registry of the environment stay where they are.

Examples:
  $ mcp-runtime images mirror program.ts --to registry.example.org/mirror --dry-run
  $ mcp-runtime images mirror program.ts --to registry.example.org/mirror --authfile auth.json`,
    )
    .action(async (file: string, options: MirrorOptions) => end(await mirror(file, options)));
}

function readRegistry(text: string): string {
  const parsed = mirrorRegistry.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new InvalidArgumentError(`It ${parsed.error.issues.map(({ message }) => message).join(', ')}.`);
}

function usage(what: string, remedy: string): TroubleError {
  return new TroubleError({ code: 'usage', what, where: 'mcp-runtime images mirror', remedy });
}

async function mirror(file: string, options: MirrorOptions): Promise<Exit> {
  const { authfile, insecure = [], dryRun = false, json = false } = options;
  const view = await readProgramView(file);
  if (view === undefined) return EXIT.failed;
  const to = options.to ?? view.config.imageMirror;
  if (to === undefined) {
    throw usage('nothing says where to copy to', 'Add --to <registry>, or images.mirror to the environment.');
  }
  const { images, kept } = mirrorSources(view, to);
  const copies = plannedCopies(images, to);
  refuseCollisions(copies);
  refuseUnusedRegistries(insecure, copies);
  if (authfile !== undefined && !existsSync(authfile)) {
    throw usage(`there is no ${authfile}`, "Make it with 'skopeo login --authfile <file> <registry>'.");
  }
  const report = new MirrorReport({ to, isKnown: view.config.imageMirror === to, copies, kept, json });
  if (dryRun) return report.planned();
  const tool = new Skopeo({ authfile, insecure }, new Interrupt().signal);
  await tool.check();
  const jobs = copies.map(({ source, target }) => ({ from: source, to: target }));
  return report.done(await copyImages(jobs, tool, report));
}

function refuseCollisions(copies: readonly PlannedCopy[]): void {
  const collisions = collisionsOf(copies);
  if (collisions.length === 0) return;
  throw new TroubleError({
    code: 'image_collision',
    what: 'Different images would have one name in the mirror, and nothing was copied.',
    where: 'mcp-runtime images mirror',
    evidence: collisions.map(({ target, sources }) => `${target}: ${sources.join(' and ')}`),
    remedy: 'Give one of them another path or tag.',
  });
}

/** A registry that is misspelt would be asked for TLS, and nobody would know why. */
function refuseUnusedRegistries(insecure: readonly string[], copies: readonly PlannedCopy[]): void {
  const names = copies.flatMap(({ source, target }) => [source, target]);
  const used = new Set(names.map(registryOf).filter((registry) => registry !== undefined));
  const unused = insecure.find((registry) => !used.has(registry));
  if (unused === undefined) return;
  throw usage(
    `--insecure ${unused} is no registry of these images`,
    `They are of ${[...used].sort().join(', ')}.`,
  );
}
