// Tells when a program was edited: the file itself, or one of those that it imports from the user's own tree. Their
// folders are watched rather than the files, because editors replace files; packages are not looked at.
import { watch, type FSWatcher } from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';

/** Bursts of changes count as one. */
const quietMs = 100;

export class ProgramWatch {
  private readonly program: string;
  private readonly onEdit: () => void;
  private readonly onError: (error: Error) => void;
  private readonly watchers = new Map<string, FSWatcher>();
  private files: ReadonlySet<string>;
  private timer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(program: string, onEdit: () => void, onError: (error: Error) => void) {
    this.program = program;
    this.onEdit = onEdit;
    this.onError = onError;
    this.files = new Set([program]);
    this.watchFolders();
  }

  /** Looks again at what the program imports; where that can't be told, it goes on with what it knew. */
  async refresh(): Promise<void> {
    const files = await sourcesOf(this.program);
    if (files === undefined || this.closed) return;
    this.files = new Set([this.program, ...files]);
    this.watchFolders();
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    for (const watcher of this.watchers.values()) watcher.close();
  }

  private watchFolders(): void {
    const folders = new Set([...this.files].map((file) => path.dirname(file)));
    for (const [folder, watcher] of this.watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.watchers.delete(folder);
    }
    for (const folder of folders) if (!this.watchers.has(folder)) this.watchFolder(folder);
  }

  private watchFolder(folder: string): void {
    try {
      const watcher = watch(folder, (_event, name) => {
        if (name === null || this.files.has(path.join(folder, name))) this.changed();
      });
      watcher.on('error', this.onError);
      this.watchers.set(folder, watcher);
    } catch (error) {
      this.onError(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private changed(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.onEdit, quietMs);
  }
}

/** The files of the user's own tree that a program is made of; undefined while it can't be read as a whole. */
export async function sourcesOf(program: string): Promise<readonly string[] | undefined> {
  try {
    const { metafile } = await build({
      entryPoints: [program],
      absWorkingDir: path.dirname(program),
      bundle: true,
      write: false,
      metafile: true,
      platform: 'node',
      format: 'esm',
      packages: 'external',
      logLevel: 'silent',
    });
    return Object.keys(metafile.inputs).map((file) => path.resolve(path.dirname(program), file));
  } catch {
    return undefined;
  }
}
