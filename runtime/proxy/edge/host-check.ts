// Which names the proxy answers to, and which web pages may call it: the guard against DNS rebinding. A browser can
// be made to send anything but these two headers.

export interface HostCheckOptions {
  readonly server: { readonly name: string; readonly namespace: string };
  readonly externalBaseUrl: URL | undefined;
  /** Names; `*.example.org` covers one label. */
  readonly allowedHosts: readonly string[];
  /** Origins of pages, `https://app.example.org`. */
  readonly allowedOrigins: readonly string[];
}

const AUTHORITY = /^(\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)\.?(?::\d{1,5})?$/;
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];
/** Callers send few different hosts; hostile ones must not make the cache grow. */
const CACHE_SIZE = 256;

export class HostCheck {
  private readonly hosts: ReadonlySet<string>;
  private readonly parents: readonly string[];
  private readonly origins: ReadonlySet<string>;
  private readonly knownHosts = new Map<string, boolean>();

  constructor(options: HostCheckOptions) {
    const { name, namespace } = options.server;
    const external = options.externalBaseUrl;
    const exact = options.allowedHosts.filter((host) => !host.startsWith('*.'));
    this.hosts = new Set([
      ...LOOPBACK,
      ...['', `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.cluster.local`].map(
        (suffix) => `${name}${suffix}`,
      ),
      ...exact.map((host) => host.toLowerCase()),
      ...(external === undefined ? [] : [external.hostname]),
    ]);
    this.parents = options.allowedHosts
      .filter((host) => host.startsWith('*.'))
      .map((host) => host.slice(1).toLowerCase());
    this.origins = new Set([
      ...options.allowedOrigins.map((origin) => origin.toLowerCase()),
      ...(external === undefined ? [] : [external.origin]),
    ]);
  }

  allowsHost(host: string): boolean {
    const known = this.knownHosts.get(host);
    if (known !== undefined) return known;
    const allowed = this.judgeHost(host);
    if (this.knownHosts.size < CACHE_SIZE) this.knownHosts.set(host, allowed);
    return allowed;
  }

  /** A request without Origin comes from no page. */
  allowsOrigin(origin: string | undefined): boolean {
    if (origin === undefined) return true;
    const lower = origin.toLowerCase();
    if (this.origins.has(lower)) return true;
    const authority = /^https?:\/\/(.+)$/.exec(lower)?.[1];
    const name = authority === undefined ? undefined : AUTHORITY.exec(authority)?.[1];
    return name !== undefined && LOOPBACK.includes(name);
  }

  private judgeHost(host: string): boolean {
    const name = AUTHORITY.exec(host.toLowerCase())?.[1];
    if (name === undefined) return false;
    if (this.hosts.has(name)) return true;
    const dot = name.indexOf('.');
    return dot > 0 && this.parents.includes(name.slice(dot));
  }
}
