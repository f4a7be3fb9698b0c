// `mcp-runtime images`: what a cluster has to pull to run a program, for whoever copies it into a registry of their own.
import { App } from 'cdk8s';
import type { Command } from 'commander';
import { viewOf } from '#checks/program-view.ts';
import { failureText } from '#render/failure-text.ts';
import { imagesOf, type UsedImage } from '#render/images.ts';
import { loadProgram } from '#render/load-program.ts';
import { synthesiseApp } from '#render/synthesise.ts';
import { defaultProgram } from '../default-program.ts';
import { columns, EXIT, print, printJson, type Exit } from '../output.ts';

interface ImagesOptions {
  readonly json?: true | undefined;
}

export function addImages(program: Command, end: (exit: Exit) => void): void {
  program
    .command('images')
    .summary('list the images of a program')
    .description('Lists every image that a cluster pulls for a program, with what uses it.')
    .argument('[program]', 'TypeScript file that exports default (app) => { … }', defaultProgram())
    .option('--json', 'print JSON instead of text')
    .action(async (file: string, options: ImagesOptions) => end(await images(file, options)));
}

async function images(file: string, options: ImagesOptions): Promise<Exit> {
  let found: readonly UsedImage[];
  try {
    const app = new App();
    const program = await loadProgram(file);
    program(app);
    synthesiseApp(app);
    found = imagesOf(viewOf(app.node.findAll()));
  } catch (error) {
    process.stderr.write(`${failureText(error, file)}\n`);
    return EXIT.failed;
  }
  if (options.json === true) printJson(found);
  else tell(found);
  return EXIT.ok;
}

function tell(found: readonly UsedImage[]): void {
  const rows = found.flatMap(({ image, uses }) => uses.map((use, at) => [at === 0 ? image : '', use]));
  for (const line of columns(rows)) print(line);
}
