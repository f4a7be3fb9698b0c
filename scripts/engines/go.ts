// Go as a builder of engines, never of the product. It runs with low priority and says every ten seconds what it does
// and for how long, because a cold build of an API server takes minutes.
import { spawn } from 'node:child_process';
import { EngineError } from './engine-error.ts';
import { OLDEST_GO } from './versions.ts';

export type Say = (line: string) => void;

export interface GoOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly say: Say;
  /** Between two lines of progress. @default 10 000 */
  readonly tickMs?: number;
  /** After this it is ended. @default never: a build takes as long as the machine needs */
  readonly limitMs?: number;
}

const wayOut =
  'Ways to go on: install Go 1.25 or newer and put it on PATH (Debian: golang-go of a newer suite), or name a folder ' +
  'with etcd, kube-apiserver, kube-controller-manager, kube-scheduler and kubectl in KUBEBUILDER_ASSETS and put kwok and helm on PATH.';

/** Throws `EngineError` unless there is a Go that is new enough. */
export async function checkGo({ env }: GoOptions): Promise<void> {
  const oldest = `${OLDEST_GO.major}.${OLDEST_GO.minor}`;
  let text: string;
  try {
    text = (await run(['version'], { env })).stdout;
  } catch (error) {
    throw new EngineError('go_missing', `Go is missing, and engines are built with it. ${wayOut}`, error);
  }
  const found = /go version (?:go)?(\d+)\.(\d+)/.exec(text);
  const [major, minor] = [Number(found?.[1] ?? 0), Number(found?.[2] ?? 0)];
  if (major < OLDEST_GO.major || (major === OLDEST_GO.major && minor < OLDEST_GO.minor)) {
    const what = `Go is too old: ${oldest} or newer is needed, and the one on PATH says "${text.trim()}".`;
    throw new EngineError('go_too_old', `${what} ${wayOut}`);
  }
}

/**
 * Runs Go in a folder and returns what it printed.
 * @param what one phrase for the progress lines, `building kube-apiserver 1.36.3`
 * @throws EngineError with the end of what Go said
 */
export async function go(
  what: string,
  args: readonly string[],
  cwd: string,
  { env, say, tickMs = 10_000, limitMs }: GoOptions,
): Promise<string> {
  const startedAt = performance.now();
  const seconds = () => `${Math.round((performance.now() - startedAt) / 1000)} s`;
  const tick = setInterval(() => say(`${what} … ${seconds()}`), tickMs);
  try {
    const { code, stdout, stderr } = await run(args, { env, cwd, limitMs });
    if (code === undefined) {
      const how = `was ended after ${seconds()}: go ${args[0] ?? ''} was not done. Look at the network and at GOPROXY.`;
      throw new EngineError('build_failed', `${what} ${how}`);
    }
    if (code !== 0) {
      const said = stderr.trim().split('\n').slice(-8).join('\n');
      throw new EngineError(
        'build_failed',
        `${what} failed: go ${args[0] ?? ''} ended with ${code}:\n${said}\n${wayOut}`,
      );
    }
    return stdout;
  } finally {
    clearInterval(tick);
  }
}

interface Ended {
  /** Undefined where it was ended by the limit. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  args: readonly string[],
  options: {
    readonly env: NodeJS.ProcessEnv;
    readonly cwd?: string;
    readonly limitMs?: number | undefined;
  },
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    // A workspace of the user's must not decide what an engine is built from.
    const env = { ...options.env, GOWORK: 'off' };
    const child = spawn('nice', ['-n', '10', 'go', ...args], { cwd: options.cwd, env, stdio: 'pipe' });
    child.stdin.end();
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-20_000)));
    const limit =
      options.limitMs === undefined
        ? undefined
        : setTimeout(() => {
            child.kill('SIGKILL');
            // What it started may hold them longer.
            child.stdout.destroy();
            child.stderr.destroy();
            resolve({ code: undefined, stdout, stderr });
          }, options.limitMs);
    child.once('error', (error) => {
      clearTimeout(limit);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(limit);
      // `nice` ends so where it can't find the program.
      if (code === 127) reject(new Error(stderr.trim()));
      else resolve({ code: code ?? 1, stdout, stderr });
    });
  });
}
