// skopeo, which copies images with everything in them: all architectures, and the same bytes, so the same digests.
// Registries are its business, and logins too; nothing here speaks their protocol.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { z } from 'zod';
import { exactName, registryOf } from '#api/image-name.ts';
import { err, ok, type Result } from '#api/result.ts';
import { errorCode, TroubleError, type Trouble } from '#runtime/local/trouble.ts';
import { lastWords, meaningOf, type Place } from './tool-words.ts';

const execute = promisify(execFile);

export interface SkopeoOptions {
  /** Where logins are; @default skopeo's own place */
  readonly authfile?: string | undefined;
  /** Registries that may do without TLS; those of this machine may anyway. */
  readonly insecure: readonly string[];
}

const LOOPBACK = /^(localhost|127(\.\d+){3}|\[::1\])(:\d+)?$/;

/** The largest manifest that registries take has 4 MiB. */
const MOST_OUTPUT = 16 * 1024 * 1024;

const failure = z.object({ message: z.string(), stderr: z.coerce.string().default('') });

export class Skopeo {
  readonly #options: SkopeoOptions;
  readonly #signal: AbortSignal;

  constructor(options: SkopeoOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** @throws TroubleError where there is none */
  async check(): Promise<void> {
    try {
      await this.#run(['--version']);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error;
      throw new TroubleError({
        code: 'tool_missing',
        what: 'There is nothing to copy images with: skopeo is not on PATH.',
        where: 'mcp-runtime images mirror',
        remedy:
          'Install it (Debian, Ubuntu: apt-get install skopeo; Fedora: dnf install skopeo; macOS: brew install skopeo). ' +
          "What has to be copied says 'mcp-runtime images mirror --dry-run' without it.",
      });
    }
  }

  /** The digest of what is there, of all its architectures together; `image_missing` where there is nothing. */
  async digestOf(image: string, side: Place['side']): Promise<Result<string, Trouble>> {
    const args = [
      '--command-timeout=2m',
      'inspect',
      '--raw',
      ...this.#auth(),
      `--tls-verify=${this.#tls(image)}`,
    ];
    try {
      const manifest = await this.#run([...args, nameOf(image)]);
      return ok(`sha256:${createHash('sha256').update(manifest).digest('hex')}`);
    } catch (error) {
      return err(this.#troubleOf(error, placeOf(image, side)));
    }
  }

  /** Copies all of an image, byte for byte; undefined where it is done. */
  async copy(source: string, target: string): Promise<Trouble | undefined> {
    const tls = [`--src-tls-verify=${this.#tls(source)}`, `--dest-tls-verify=${this.#tls(target)}`];
    const args = [
      'copy',
      '--quiet',
      '--all',
      '--preserve-digests',
      '--retry-times=2',
      ...this.#auth(),
      ...tls,
    ];
    try {
      await this.#run([...args, nameOf(source), nameOf(target)]);
      return undefined;
    } catch (error) {
      // The source has just answered.
      return this.#troubleOf(error, placeOf(target, 'target'));
    }
  }

  #auth(): readonly string[] {
    const { authfile } = this.#options;
    return authfile === undefined ? [] : [`--authfile=${authfile}`];
  }

  #tls(image: string): boolean {
    const registry = registryOf(image);
    return registry === undefined || !(LOOPBACK.test(registry) || this.#options.insecure.includes(registry));
  }

  #troubleOf(error: unknown, place: Place): Trouble {
    if (this.#signal.aborted) {
      const remedy = 'Run this again: what is there is not copied twice.';
      return {
        code: 'interrupted',
        what: 'It was interrupted.',
        where: `${place.side} ${place.name}`,
        remedy,
      };
    }
    const { message, stderr } = failure.parse(error);
    return meaningOf(stderr.trim() === '' ? message : lastWords(stderr), place);
  }

  async #run(args: readonly string[]): Promise<Buffer> {
    const options = { encoding: 'buffer', maxBuffer: MOST_OUTPUT, signal: this.#signal } as const;
    return (await execute('skopeo', [...args], options)).stdout;
  }
}

/** As the tool writes it. */
const nameOf = (image: string): string => `docker://${exactName(image)}`;

const placeOf = (image: string, side: Place['side']): Place => ({
  side,
  name: image,
  registry: registryOf(image),
});
