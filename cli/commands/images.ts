// `mcp-runtime images`: what a cluster has to pull to run a program.
import type { Command } from 'commander';
import { imagesOf, type UsedImage } from '#render/images.ts';
import { defaultProgram } from '../default-program.ts';
import { columns, EXIT, print, printJson, type Exit } from '../output.ts';
import { readProgramView } from '../program-view.ts';
import { addMirror } from './images-mirror.ts';

interface ImagesOptions {
  readonly json?: true | undefined;
}

export function addImages(program: Command, end: (exit: Exit) => void): void {
  const command = program
    .command('images')
    .summary('list the images of a program, or copy them into a registry of your own')
    .description('Lists every image that a cluster pulls for a program, with what uses it.')
    .enablePositionalOptions()
    .argument('[program]', 'TypeScript file that exports default (app) => { … }', defaultProgram())
    .option('--json', 'print JSON instead of text')
    .action(async (file: string, options: ImagesOptions) => end(await images(file, options)));
  addMirror(command, end);
}

async function images(file: string, options: ImagesOptions): Promise<Exit> {
  const view = await readProgramView(file);
  if (view === undefined) return EXIT.failed;
  const found = imagesOf(view);
  if (options.json === true) printJson(found);
  else tell(found);
  return EXIT.ok;
}

function tell(found: readonly UsedImage[]): void {
  const rows = found.flatMap(({ image, uses }) => uses.map((use, at) => [at === 0 ? image : '', use]));
  for (const line of columns(rows)) print(line);
}
