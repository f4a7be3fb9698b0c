// Where the API server is and how to speak to it. A program in a pod reads its service account's three files, and reads
// the token again as the kubelet rotates it; anywhere else the official client reads kubeconfig files and runs their
// credential plugins, and is loaded only then: it costs some 15 MB that a program in a pod needn't have.
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { isIPv6 } from 'node:net';
import path from 'node:path';

export interface KubeConnection {
  readonly server: URL;
  /** PEM; the system's authorities where absent. */
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Name in the server's certificate, where it is not that of the URL. */
  readonly tlsServerName?: string | undefined;
  readonly skipTlsVerify: boolean;
  /** What to send as bearer token now; asked again for every request. */
  token(): Promise<string | undefined>;
  /** Namespace of the service account, or of the context. */
  readonly namespace?: string | undefined;
}

export interface LoadKubeConfigOptions {
  /** `KUBECONFIG`, `HOME`, and in a pod `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Context of the kubeconfig; its current one where absent. */
  readonly context?: string | undefined;
  /** @default /var/run/secrets/kubernetes.io/serviceaccount */
  readonly serviceAccountDir?: string;
}

/** There is no usable configuration; the message says what was looked at. */
export class KubeConfigError extends Error {
  readonly code = 'kube_config';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'KubeConfigError';
  }
}

const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Projected tokens are renewed long before they expire; client-go reads them as often. */
const TOKEN_AGE_MS = 60_000;

/**
 * As kubectl finds its cluster: `KUBECONFIG` where it is set, else the pod's service account, else `~/.kube/config`.
 *
 * @throws KubeConfigError
 */
export async function loadKubeConfig(options: LoadKubeConfigOptions): Promise<KubeConnection> {
  const { env, context, serviceAccountDir = SERVICE_ACCOUNT_DIR } = options;
  const named = (env.KUBECONFIG ?? '').split(path.delimiter).filter((file) => file !== '');
  if (named.length > 0) return fromFiles(named, context);
  const host = env.KUBERNETES_SERVICE_HOST ?? '';
  if (host !== '' && existsSync(path.join(serviceAccountDir, 'token'))) {
    return fromServiceAccount(host, env.KUBERNETES_SERVICE_PORT ?? '443', serviceAccountDir);
  }
  const home = path.join(env.HOME ?? '/', '.kube', 'config');
  if (existsSync(home)) return fromFiles([home], context);
  throw new KubeConfigError(
    `No Kubernetes configuration: KUBECONFIG is not set, this is no pod with a service account, and there is no ${home}.`,
  );
}

function fromServiceAccount(host: string, port: string, dir: string): KubeConnection {
  const token = path.join(dir, 'token');
  return {
    server: new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`),
    ca: readText(path.join(dir, 'ca.crt')),
    skipTlsVerify: false,
    token: refreshed(async () => (await readFile(token, 'utf8')).trim()),
    namespace: readText(path.join(dir, 'namespace'))?.trim(),
  };
}

async function fromFiles(files: readonly string[], context: string | undefined): Promise<KubeConnection> {
  const where = files.join(', ');
  const config = await readFiles(files);
  if (context !== undefined) config.setCurrentContext(context);
  const name = config.getCurrentContext();
  const cluster = config.getCurrentCluster();
  if (cluster === null)
    throw new KubeConfigError(`${where}: there is no context '${name}', or no such cluster.`);
  const unable = cluster.proxyUrl !== undefined ? 'proxy-url' : undefined;
  // Acting as somebody else than was asked for would be worse than not acting.
  const refused = config.getCurrentUser()?.impersonateUser != null ? 'impersonation (as)' : unable;
  if (refused !== undefined) throw new KubeConfigError(`${where}: ${refused} of '${name}' is not supported.`);
  const server = new URL(cluster.server);
  const namespace = config.getContextObject(name)?.namespace;
  // Credentials are not for the open wire: what speaks plain HTTP is a local proxy that adds its own.
  if (server.protocol === 'http:') {
    return { server, skipTlsVerify: false, token: () => Promise.resolve(undefined), namespace };
  }
  const ask = async (): Promise<RequestOptions> => {
    const asked: RequestOptions = {};
    await config.applyToHTTPSOptions(asked);
    return asked;
  };
  const first = await ask().catch((error: unknown) => {
    throw new KubeConfigError(`${where}: the credentials of '${name}' can't be had.`, { cause: error });
  });
  return {
    server,
    ca: pemOf(first.ca),
    cert: pemOf(first.cert),
    key: pemOf(first.key),
    tlsServerName: cluster.tlsServerName,
    skipTlsVerify: cluster.skipTLSVerify,
    token: refreshed(async () => bearerOf(await ask())),
    namespace,
  };
}

async function readFiles(files: readonly string[]) {
  // Not the package's front door: that would load every generated model of every API.
  const { KubeConfig } = await import('@kubernetes/client-node/dist/config.js');
  try {
    const [first = '', ...others] = files;
    const config = new KubeConfig();
    config.loadFromFile(first);
    for (const file of others) {
      const other = new KubeConfig();
      other.loadFromFile(file);
      config.mergeConfig(other, true);
    }
    return config;
  } catch (error) {
    throw new KubeConfigError(`${files.join(', ')}: can't be read as kubeconfig.`, { cause: error });
  }
}

/** Asks again once the last answer is old; where that fails, the last answer is still the best there is. */
function refreshed(ask: () => Promise<string | undefined>): () => Promise<string | undefined> {
  let last: { readonly value: string | undefined; readonly atMs: number } | undefined;
  return async () => {
    if (last !== undefined && performance.now() - last.atMs < TOKEN_AGE_MS) return last.value;
    try {
      last = { value: await ask(), atMs: performance.now() };
    } catch (error) {
      if (last === undefined) throw error;
    }
    return last.value;
  };
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function pemOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined;
}

function bearerOf({ headers }: RequestOptions): string | undefined {
  const value: unknown =
    headers !== undefined && 'Authorization' in headers ? headers.Authorization : undefined;
  const found = typeof value === 'string' ? /^Bearer (\S+)\s*$/.exec(value) : null;
  return found?.[1];
}
