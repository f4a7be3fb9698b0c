// Which port serves what. A server keeps its port from one start to the next, so that the URL in somebody's client
// goes on working; nothing is moved silently.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { z } from 'zod';
import { readJson, writeJson } from './state-dir.ts';
import { errorCode, messageOf, type Trouble } from './trouble.ts';

export const FIRST_PROXY_PORT = 8091;
export const CONSOLE_PORT = 8090;

const bookSchema = z.record(z.string(), z.number().int().min(1).max(65_535));

export interface PortBookOptions {
  readonly file: string;
  /** Proxies get this port and those after it, the console the one before. Remembered ports are not looked at. */
  readonly portBase?: number | undefined;
  /** Take any free port instead, and remember none. */
  readonly anyFree?: boolean | undefined;
}

/** Names (`console`, `mcp-servers/notes`) and their ports. */
export class PortBook {
  private readonly options: PortBookOptions;
  private readonly ports: Map<string, number>;

  constructor(options: PortBookOptions) {
    this.options = options;
    const isRemembered = options.portBase === undefined && options.anyFree !== true;
    this.ports = new Map(
      Object.entries((isRemembered ? readJson(options.file, bookSchema) : undefined) ?? {}),
    );
  }

  /** The port of a name: the one it had, else the next one that is free from `first` on. */
  async portOf(name: string, first: number): Promise<number> {
    const known = this.ports.get(name);
    if (known !== undefined) return known;
    const port =
      this.options.anyFree === true ? await freePort() : await this.nextPort(this.base(name, first));
    this.ports.set(name, port);
    if (this.options.anyFree !== true) await writeJson(this.options.file, Object.fromEntries(this.ports));
    return port;
  }

  /** Who decided on the port, for an error about it. */
  get origin(): string {
    const { portBase, file } = this.options;
    return portBase === undefined ? `remembered in ${file}` : `from --port-base ${portBase}`;
  }

  private base(name: string, first: number): number {
    const { portBase } = this.options;
    if (portBase === undefined) return first;
    return name === 'console' ? portBase - 1 : portBase;
  }

  private async nextPort(first: number): Promise<number> {
    const taken = new Set(this.ports.values());
    for (let port = first; port <= 65_535; port += 1) {
      if (taken.has(port)) continue;
      // A port that was asked for is used as it is: if somebody holds it, that has to be said.
      if (this.options.portBase !== undefined || (await portProblem(port)) === undefined) return port;
    }
    return freePort();
  }
}

/** Why a port on loopback can't be opened now, as the code of the operating system; undefined where it can. */
export function portProblem(port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(errorCode(error) ?? messageOf(error)));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/** Below the ports that systems hand out for outgoing connections, so that none takes it before its user does. */
const freeRange = { first: 20_000, count: 12_000 } as const;

/** A port of loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = freeRange.first + randomInt(freeRange.count);
    if ((await portProblem(port)) === undefined) return port;
  }
}

/** The trouble about a port that could not be opened. */
export function portTrouble(what: string, port: number, code: string, origin: string): Trouble {
  const inUse = code === 'EADDRINUSE';
  return {
    code: inUse ? 'port_in_use' : 'port_unusable',
    what: inUse
      ? `Port ${port} of ${what} is in use by another program.`
      : `Port ${port} of ${what} cannot be opened (${code}).`,
    where: `127.0.0.1:${port}, ${origin}`,
    remedy: `Stop what listens there (ss -ltnp 'sport = :${port}' names it), or start with another --port-base.`,
  };
}
