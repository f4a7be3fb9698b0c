// Images without a builder: one layer in the archive form that container runtimes import. For what a node needs before
// anything else is built: the image that holds a pod's namespaces, and a shell for tests.
import { createHash } from 'node:crypto';

export interface ImageFile {
  /** Within the image, without a slash at the start. */
  readonly path: string;
  readonly content: Buffer | { readonly linkTo: string } | { readonly mode: number };
}

export interface ImageConfig {
  readonly Entrypoint?: readonly string[];
  readonly Env?: readonly string[];
  readonly User?: string;
}

const block = 512;

function header(path: string, type: '0' | '2' | '5', mode: number, size: number, linkTo = ''): Buffer {
  const bytes = Buffer.alloc(block);
  const octal = (value: number, at: number, length: number) =>
    bytes.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at);
  bytes.write(path, 0, 100);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  bytes.write(' '.repeat(8), 148);
  bytes.write(type, 156);
  bytes.write(linkTo, 157, 100);
  bytes.write('ustar\x0000', 257);
  octal(
    bytes.reduce((sum, byte) => sum + byte, 0),
    148,
    7,
  );
  return bytes;
}

const padded = (content: Buffer) =>
  Buffer.concat([content, Buffer.alloc((block - (content.length % block)) % block)]);

function entry({ path, content }: ImageFile): Buffer {
  if (Buffer.isBuffer(content))
    return Buffer.concat([header(path, '0', 0o755, content.length), padded(content)]);
  if ('linkTo' in content) return header(path, '2', 0o777, 0, content.linkTo);
  return header(`${path}/`, '5', content.mode, 0);
}

export function tar(files: readonly ImageFile[]): Buffer {
  return Buffer.concat([...files.map(entry), Buffer.alloc(2 * block)]);
}

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

/** An archive of one image. @param names it is known by, `example.org/shell:1` */
export function imageArchive(
  names: readonly string[],
  files: readonly ImageFile[],
  config: ImageConfig,
): Buffer {
  const layer = tar(files);
  const about = {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layer)}`] },
  };
  const aboutBytes = Buffer.from(JSON.stringify(about));
  const aboutName = `${sha256(aboutBytes)}.json`;
  const manifest = [{ Config: aboutName, RepoTags: names, Layers: ['layer.tar'] }];
  return tar([
    { path: aboutName, content: aboutBytes },
    { path: 'layer.tar', content: layer },
    { path: 'manifest.json', content: Buffer.from(JSON.stringify(manifest)) },
  ]);
}
