// What a person is told when a program can't be rendered: the message, and the line of theirs that led there. The
// rest of a stack is ours and of no use to them.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const FRAME = /(?:\(|at )((?:file:\/\/)?\/[^\s()]+):(\d+):(\d+)\)?$/;

/** The topmost frame of a stack that is in the folder of the program, or below it. */
function placeIn(folder: string, stack: string): string | undefined {
  const frames = stack.split('\n').flatMap((line) => {
    const [, url, row, column] = FRAME.exec(line.trimEnd()) ?? [];
    if (url === undefined || row === undefined || column === undefined) return [];
    return [{ file: url.startsWith('file:') ? fileURLToPath(url) : url, at: `${row}:${column}` }];
  });
  const own = frames.find(
    ({ file }) => file.startsWith(folder + path.sep) && !file.includes('/node_modules/'),
  );
  return own === undefined ? undefined : `${path.relative(process.cwd(), own.file)}:${own.at}`;
}

/** Lines for a terminal. @param program file of the program, as it was asked for */
export function failureText(error: unknown, program: string): string {
  if (!(error instanceof Error)) return `${program}: ${String(error)}`;
  const place = placeIn(path.dirname(path.resolve(program)), error.stack ?? '');
  return place === undefined ? error.message : `${error.message}\n  at ${place}`;
}
