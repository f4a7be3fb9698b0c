// A real registry on this machine: Debian's docker-registry on a port of its own, gone with `close`.
import { spawn, type ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { fetchDebian, findEngine } from '#scripts/engines/packaged-engine.ts';
import { eventually, temporaryFolder, type TemporaryFolder } from '#test/runtime/local/harness/temporary.ts';

export interface RegistryOptions {
  /** Lines of an htpasswd file, bcrypt. @default everybody may push and pull */
  readonly htpasswd?: string;
}

export class TestRegistry {
  /** `127.0.0.1:41135` */
  readonly host: string;
  readonly #child: ChildProcess;
  readonly #log: () => string;
  readonly #folder: TemporaryFolder;

  private constructor(host: string, child: ChildProcess, log: () => string, folder: TemporaryFolder) {
    this.host = host;
    this.#child = child;
    this.#log = log;
    this.#folder = folder;
  }

  static async start({ htpasswd }: RegistryOptions = {}): Promise<TestRegistry> {
    const engine = await findEngine(
      {
        name: 'docker-registry',
        variable: 'DOCKER_REGISTRY',
        remedy:
          'Install the Debian package docker-registry, or name a registry (distribution 2.8) in DOCKER_REGISTRY.',
        cached: 'usr/bin/docker-registry',
        origin: 'Debian',
        fetch: (folder) => fetchDebian(folder, ['docker-registry']),
      },
      process.env,
      (line) => process.stderr.write(`${line}\n`),
    );
    const folder = temporaryFolder();
    const login = path.join(folder.path, 'htpasswd');
    if (htpasswd !== undefined) writeFileSync(login, htpasswd);
    const config = {
      version: '0.1',
      storage: { filesystem: { rootdirectory: path.join(folder.path, 'data') } },
      http: { addr: '127.0.0.1:0' },
      ...(htpasswd !== undefined && { auth: { htpasswd: { realm: 'test', path: login } } }),
    };
    const file = path.join(folder.path, 'config.yml');
    writeFileSync(file, JSON.stringify(config));
    const child = spawn(engine.path, ['serve', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...engine.env },
    });
    let log = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => (log += text));
    }
    const hostIn = () => /listening on (127\.0\.0\.1:\d+)/.exec(log)?.[1];
    const isUp = await eventually(() => hostIn() !== undefined || child.exitCode !== null, 30_000);
    const host = hostIn();
    if (isUp && host !== undefined) return new TestRegistry(host, child, () => log, folder);
    child.kill('SIGKILL');
    folder.remove();
    throw new Error(`the registry did not come up:\n${log}`);
  }

  /** How many manifests and blobs were written. */
  get writes(): number {
    return this.#log().match(/"(PUT|PATCH) \/v2\//g)?.length ?? 0;
  }

  /** A name in it. */
  image(name: string): string {
    return `${this.host}/${name}`;
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGTERM');
    await ended;
    this.#folder.remove();
  }
}
