// Where a proxy's keys come from: the file that all proxies of a server share, read again as it is replaced; without
// one, keys of its own, kept so that sessions outlive a restart of the container.
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import fsp from 'node:fs/promises';
import path from 'node:path';
import { KEYS_FILE_NAME, KEY_SECRET_BYTES, parseGatewayKeys, type GatewayKeys } from '#api/gateway-keys.ts';
import type { Clock } from '#runtime/process/clock.ts';
import type { Log } from '#runtime/process/log.ts';
import { KeyRing } from './key-ring.ts';

export interface KeyFileOptions {
  /** The shared file; undefined: keys of this proxy alone. */
  readonly file: string | undefined;
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** A new key is not used for minutes, so there is no hurry to see it. */
const POLL_MS = 5_000;
const MAX_FILE_BYTES = 64 * 1024;
const OWN_KEY_ID = 'own';

export class KeyFile {
  readonly ring: KeyRing;
  private readonly options: KeyFileOptions;
  private text: string;
  private lastProblem: string | undefined;
  private timer: NodeJS.Timeout | undefined;

  private constructor(options: KeyFileOptions, text: string, keys: GatewayKeys) {
    this.options = options;
    this.text = text;
    this.ring = new KeyRing(keys, options.clock);
  }

  /** @throws PlatformError `keys_unreadable`; what kept the file from being read */
  static open(options: KeyFileOptions): KeyFile {
    const { file } = options;
    const text = file === undefined ? ownKeys(options) : readBounded(file);
    return new KeyFile(options, text, parseGatewayKeys(text, file ?? ownFile(options)));
  }

  /** Reads a shared file again from now on, until `stop`. */
  watch(): void {
    const { file } = this.options;
    if (file !== undefined) this.timer = setInterval(() => void this.check(file), POLL_MS).unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Takes what the file holds now; what can't be read changes nothing. */
  async check(file: string): Promise<void> {
    try {
      const { size } = await fsp.stat(file);
      if (size > MAX_FILE_BYTES) throw tooLarge(file, size);
      const text = await fsp.readFile(file, 'utf8');
      if (text === this.text) return;
      this.ring.replace(parseGatewayKeys(text, file));
      this.text = text;
      this.lastProblem = undefined;
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      if (problem === this.lastProblem) return;
      this.lastProblem = problem;
      this.options.log.error(
        { file, problem },
        'The keys can not be read again. Those read before stay in use.',
      );
    }
  }
}

function ownFile({ stateFolder }: KeyFileOptions): string {
  return path.join(stateFolder, KEYS_FILE_NAME);
}

/** The text of this proxy's own keys, made at the first start. */
function ownKeys(options: KeyFileOptions): string {
  const { clock, log, stateFolder } = options;
  const file = ownFile(options);
  if (fs.existsSync(file)) return readBounded(file);
  const secret = randomBytes(KEY_SECRET_BYTES).toString('base64url');
  const madeAt = new Date(clock.nowMs()).toISOString();
  const keys: GatewayKeys = { schemaVersion: 1, keys: [{ id: OWN_KEY_ID, secret, madeAt }] };
  const text = `${JSON.stringify(keys)}\n`;
  try {
    fs.mkdirSync(stateFolder, { recursive: true });
    fs.writeFileSync(`${file}.new`, text, { mode: 0o600 });
    fs.renameSync(`${file}.new`, file);
  } catch (error) {
    log.warn({ file, error }, 'The keys of MCP sessions could not be kept; sessions end with this process.');
  }
  return text;
}

function readBounded(file: string): string {
  const { size } = fs.statSync(file);
  if (size > MAX_FILE_BYTES) throw tooLarge(file, size);
  return fs.readFileSync(file, 'utf8');
}

function tooLarge(file: string, size: number): RangeError {
  return new RangeError(`${file} has ${size} bytes, which is no file of keys.`);
}
