// Images of a few hundred bytes, as an OCI layout: what a registry takes for an image, with nothing to run in it.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { temporaryFolder } from '#test/runtime/local/harness/temporary.ts';

const execute = promisify(execFile);

const TYPE = 'application/vnd.oci.image';

interface Blob {
  readonly digest: string;
  readonly size: number;
}

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

/** An archive without a file: two blocks of zeros. */
const LAYER = Buffer.alloc(1024);

/** One image a platform, and an index over them; a single platform has none. */
function writeLayout(folder: string, content: string, architectures: readonly string[]): void {
  const blobs = path.join(folder, 'blobs/sha256');
  mkdirSync(blobs, { recursive: true });
  const write = (bytes: Buffer): Blob => {
    const digest = digestOf(bytes);
    writeFileSync(path.join(blobs, digest.slice('sha256:'.length)), bytes);
    return { digest, size: bytes.length };
  };
  const json = (value: unknown) => write(Buffer.from(JSON.stringify(value)));
  const layer = { mediaType: `${TYPE}.layer.v1.tar+gzip`, ...write(gzipSync(LAYER)) };
  const manifests = architectures.map((architecture) => {
    const platform = { os: 'linux', architecture };
    const rootfs = { type: 'layers', diff_ids: [digestOf(LAYER)] };
    const config = json({ ...platform, config: { Labels: { content } }, rootfs });
    const manifest = json({
      schemaVersion: 2,
      mediaType: `${TYPE}.manifest.v1+json`,
      config: { mediaType: `${TYPE}.config.v1+json`, ...config },
      layers: [layer],
    });
    return { mediaType: `${TYPE}.manifest.v1+json`, ...manifest, platform };
  });
  const whole =
    manifests.length === 1
      ? manifests
      : [
          {
            mediaType: `${TYPE}.index.v1+json`,
            ...json({ schemaVersion: 2, mediaType: `${TYPE}.index.v1+json`, manifests }),
          },
        ];
  writeFileSync(path.join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: whole }));
  writeFileSync(path.join(folder, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
}

export interface PushOptions {
  /** What makes it another image. @default its name */
  readonly content?: string;
  /** @default one */
  readonly architectures?: readonly string[];
}

/** Pushes an image to a registry of this machine. */
export async function push(image: string, options: PushOptions = {}): Promise<void> {
  const { content = image, architectures = ['amd64'] } = options;
  const folder = temporaryFolder();
  try {
    writeLayout(folder.path, content, architectures);
    await execute('skopeo', [
      'copy',
      '--all',
      '--dest-tls-verify=false',
      `oci:${folder.path}`,
      `docker://${image}`,
    ]);
  } finally {
    folder.remove();
  }
}

/** The manifest that a registry of this machine has under a name, and its digest. @throws where there is none */
export async function inspect(
  image: string,
): Promise<{ readonly digest: string; readonly manifest: string }> {
  const args = ['inspect', '--raw', '--tls-verify=false', `docker://${image}`];
  const { stdout } = await execute('skopeo', args, { encoding: 'buffer' });
  return { digest: digestOf(stdout), manifest: stdout.toString() };
}
