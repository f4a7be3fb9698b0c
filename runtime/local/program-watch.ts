// Tells when a program was edited: it watches the program's folder, because a program may be several files and
// editors replace files rather than write to them. Bursts of changes count as one.
import { watch, type FSWatcher } from 'node:fs';
import path from 'node:path';

const quietMs = 150;
const sources = /\.(?:[cm]?[jt]sx?|json|ya?ml)$/;
const ignored = /(?:^|[\\/])(?:node_modules|\.[^\\/]+|cdk8s\.out|dist)(?:[\\/]|$)/;

export interface ProgramWatch {
  readonly close: () => void;
}

/** Calls `onEdit` once things are quiet after a change; `onError` where watching ends. */
export function watchProgram(
  program: string,
  onEdit: () => void,
  onError: (error: Error) => void,
): ProgramWatch {
  let timer: NodeJS.Timeout | undefined;
  const changed = (file: string | null): void => {
    if (file !== null && (ignored.test(file) || !sources.test(file))) return;
    clearTimeout(timer);
    timer = setTimeout(onEdit, quietMs);
  };
  const watcher: FSWatcher = watch(path.dirname(program), { recursive: true }, (_event, file) =>
    changed(file),
  );
  watcher.on('error', onError);
  return {
    close: () => {
      clearTimeout(timer);
      watcher.close();
    },
  };
}
