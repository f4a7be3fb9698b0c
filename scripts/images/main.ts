// `npm run images`: the platform's images, from the sources to files that a cluster can load.
import path from 'node:path';
import { Argument, Command } from 'commander';
import { BundleError } from '../bundle.ts';
import { buildImages } from './build-images.ts';
import { ImageError } from './image-error.ts';
import { isTarget, TARGETS } from './targets.ts';

interface Flags {
  readonly base?: string;
  readonly out?: string;
  readonly repository?: string;
  readonly tag?: string;
}

const command = new Command('npm run images --')
  .description("Builds the platform's images, and those of the quickstart's servers, into archives.")
  .addArgument(new Argument('[target...]', 'which ones (default: all)').choices(TARGETS))
  .option(
    '--base <image>',
    'image to build on, with Node 24 (default: a stand-in of the Node of this machine)',
  )
  .option('--out <folder>', 'where the archives go (default: .build/images)')
  .option('--repository <name>', 'registry and path of the names (default: mcp-runtime.local)')
  .option('--tag <tag>', 'of the names (default: test)')
  .addHelpText('after', '\nSee docs/images.md.')
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2))
  .parse();

try {
  const { out, ...flags } = command.opts<Flags>();
  const targets = command.args.filter(isTarget);
  const images = await buildImages({
    ...flags,
    say: (line) => console.error(`images: ${line}`),
    ...(out !== undefined && { out: path.resolve(out) }),
    ...(targets.length > 0 && { only: targets }),
  });
  for (const { name, archive } of images) console.log(`${name}  ${archive}`);
} catch (error) {
  if (!(error instanceof ImageError || error instanceof BundleError)) throw error;
  console.error(`images: ${error.code}: ${error.message}`);
  process.exitCode = 1;
}
