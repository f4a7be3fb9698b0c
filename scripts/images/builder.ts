// The program that builds images: whichever of buildah, podman and docker is here. All of them read the same files, and
// nothing runs inside a build, so neither root nor a network is needed for it.
import { execFile } from 'node:child_process';
import { rename, rm } from 'node:fs/promises';
import { promisify } from 'node:util';
import { z } from 'zod';
import { ImageError } from './image-error.ts';

const execute = promisify(execFile);

const KINDS = ['buildah', 'podman', 'docker'] as const;

export type BuilderKind = (typeof KINDS)[number];

export interface Build {
  /** Name and tag of the result. */
  readonly image: string;
  readonly dockerfile: string;
  readonly context: string;
  readonly target?: string;
  readonly args?: Readonly<Record<string, string>>;
}

/** Times in images are zero, so that the same files make the same image. */
const EPOCH = '0';

export class Builder {
  readonly kind: BuilderKind;
  private readonly env: NodeJS.ProcessEnv;

  constructor(kind: BuilderKind, env: NodeJS.ProcessEnv) {
    this.kind = kind;
    this.env = env;
  }

  async has(image: string): Promise<boolean> {
    const args = {
      buildah: ['inspect', '--type', 'image'],
      podman: ['image', 'inspect'],
      docker: ['image', 'inspect'],
    };
    return this.run([...args[this.kind], image]).then(
      () => true,
      () => false,
    );
  }

  /** @throws ImageError with the end of what the builder said */
  async build(build: Build): Promise<void> {
    try {
      await this.run(buildArgs(this.kind, build));
    } catch (cause) {
      throw new ImageError(
        'build_failed',
        `${this.kind} could not build ${build.image}:\n${lastWords(cause)}`,
        cause,
      );
    }
  }

  /** Writes an image, under its name, into one file that containerd, docker and podman import. */
  async save(image: string, archive: string): Promise<void> {
    const fresh = `${archive}.new`;
    await rm(fresh, { force: true });
    try {
      await this.run(saveArgs(this.kind, image, fresh));
    } catch (cause) {
      throw new ImageError(
        'build_failed',
        `${this.kind} could not save ${image}:\n${lastWords(cause)}`,
        cause,
      );
    }
    await rename(fresh, archive);
  }

  private async run(args: readonly string[]): Promise<void> {
    const env = { ...this.env, SOURCE_DATE_EPOCH: EPOCH };
    await execute(this.kind, [...args], { env, maxBuffer: 64 * 1024 * 1024 });
  }
}

export function buildArgs(
  kind: BuilderKind,
  { image, dockerfile, context, target, args = {} }: Build,
): string[] {
  const options = [
    ...(target === undefined ? [] : ['--target', target]),
    ...Object.entries(args).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
    ...['--tag', image, '--file', dockerfile, context],
  ];
  return kind === 'docker'
    ? ['buildx', 'build', '--output', 'type=docker,rewrite-timestamp=true', '--provenance=false', ...options]
    : ['build', '--layers', '--timestamp', EPOCH, '--identity-label=false', ...options];
}

function saveArgs(kind: BuilderKind, image: string, archive: string): string[] {
  switch (kind) {
    case 'buildah':
      return ['push', image, `docker-archive:${archive}:${image}`];
    case 'podman':
      return ['save', '--format', 'docker-archive', '--output', archive, image];
    case 'docker':
      return ['save', '--output', archive, image];
  }
}

/** @throws ImageError where none of them is here and works */
export async function findBuilder(env: NodeJS.ProcessEnv): Promise<Builder> {
  const troubles: string[] = [];
  for (const kind of KINDS) {
    // A docker that has no engine to talk to answers many things, but not this.
    const args = kind === 'docker' ? ['version', '--format', '{{.Server.Version}}'] : ['--version'];
    try {
      await execute(kind, args, { env, timeout: 20_000 });
      return new Builder(kind, env);
    } catch (cause) {
      troubles.push(`${kind}: ${isMissing(cause) ? 'not on PATH' : lastWords(cause)}`);
    }
  }
  throw new ImageError(
    'builder_missing',
    `There is nothing to build images with.\n  ${troubles.join('\n  ')}\n` +
      'Install buildah (Debian, Ubuntu: apt-get install buildah; Fedora: dnf install buildah), or start Docker.',
  );
}

const failure = z.object({ message: z.string(), code: z.unknown(), stderr: z.string().default('') });

const isMissing = (error: unknown) => failure.safeParse(error).data?.code === 'ENOENT';

function lastWords(error: unknown): string {
  const { message, stderr } = failure.parse(error);
  return (stderr.trim() === '' ? message : stderr.trim()).split('\n').slice(-8).join('\n');
}
