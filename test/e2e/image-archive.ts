// Reads an image's archive with tar, layer by layer: who it runs as, and every file that is in it.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';

const execute = promisify(execFile);

const manifest = z.tuple([z.object({ Config: z.string(), Layers: z.array(z.string()) })]);

const config = z.object({
  created: z.string(),
  config: z.object({
    User: z.string(),
    Env: z.array(z.string()),
    Entrypoint: z.array(z.string()),
    Cmd: z.array(z.string()).nullish(),
    WorkingDir: z.string(),
    Labels: z.record(z.string(), z.string()).optional(),
  }),
});

export interface ArchivedFile {
  readonly path: string;
  /** As `ls` writes it: `-rwxr-xr-x`. */
  readonly mode: string;
  /** `0/0` */
  readonly owner: string;
  readonly size: number;
  readonly time: string;
}

export interface ArchivedImage extends z.output<typeof config> {
  readonly files: readonly ArchivedFile[];
}

export async function readArchive(archive: string): Promise<ArchivedImage> {
  const [{ Config, Layers }] = manifest.parse(JSON.parse(await member(archive, 'manifest.json')));
  const layers = await Promise.all(Layers.map((layer) => filesIn(archive, layer)));
  return { ...config.parse(JSON.parse(await member(archive, Config))), files: layers.flat() };
}

async function member(archive: string, name: string): Promise<string> {
  return (await execute('tar', ['-xOf', archive, name])).stdout;
}

async function filesIn(archive: string, layer: string): Promise<readonly ArchivedFile[]> {
  const script = 'tar -xOf "$0" "$1" | TZ=UTC tar -tv --numeric-owner';
  const { stdout } = await execute('sh', ['-c', script, archive, layer]);
  const line = /^(?<mode>\S{10}) (?<owner>\S+) +(?<size>\d+) (?<time>\S+ \S+) (?<path>.+)$/gm;
  return [...stdout.matchAll(line)].map(({ groups = {} }) => ({
    path: groups['path'] ?? '',
    mode: groups['mode'] ?? '',
    owner: groups['owner'] ?? '',
    size: Number(groups['size']),
    time: groups['time'] ?? '',
  }));
}
