// A program as commands look at it that ask what it needs, and not how it is written down.
import { App } from 'cdk8s';
import { viewOf, type ProgramView } from '#checks/program-view.ts';
import { failureText } from '#render/failure-text.ts';
import { loadProgram } from '#render/load-program.ts';
import { synthesiseApp } from '#render/synthesise.ts';

/** Undefined where the program fails or is refused; why is told on standard error. */
export async function readProgramView(file: string): Promise<ProgramView | undefined> {
  try {
    const app = new App();
    const program = await loadProgram(file);
    program(app);
    synthesiseApp(app);
    return viewOf(app.node.findAll());
  } catch (error) {
    process.stderr.write(`${failureText(error, file)}\n`);
    return undefined;
  }
}
