// Several proxies of one server in this process, each before a server of its own: what is one session at one of them is
// unknown to the servers of the others.
import { randomBytes } from 'node:crypto';
import diagnostics from 'node:diagnostics_channel';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type http from 'node:http';
import { Socket } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import type { GatewayKeys } from '#api/gateway-keys.ts';
import type { PolicyContent } from '#policy/document.ts';
import type { Clock } from '#runtime/process/clock.ts';
import { USER_1 } from '../harness/policy.ts';
import { World } from '../harness/world.ts';

export function newKeys(id = 'k1'): GatewayKeys {
  const secret = randomBytes(32).toString('base64url');
  return { schemaVersion: 1, keys: [{ id, secret, madeAt: '2026-01-01T00:00:00Z' }] };
}

export interface ReplicaOptions {
  /** The server behind a replica, by the replica's number. */
  readonly upstream: (number: number) => http.RequestListener;
  readonly count?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly clock?: Clock;
  readonly policy?: Partial<PolicyContent>;
}

/** Connections that were accepted in this process. */
class Accepted {
  private readonly sockets = new Set<Socket>();

  constructor() {
    diagnostics.subscribe('net.server.socket', this.note);
  }

  breakAt(port: number | undefined): void {
    for (const socket of this.sockets) if (socket.localPort === port) socket.resetAndDestroy();
  }

  close(): void {
    diagnostics.unsubscribe('net.server.socket', this.note);
  }

  private readonly note = (message: unknown): void => {
    if (typeof message !== 'object' || message === null || !('socket' in message)) return;
    if (message.socket instanceof Socket) this.sockets.add(message.socket);
  };
}

export class Replicas {
  readonly worlds: readonly World[];
  readonly keysFile: string;
  private readonly folder: string;
  private readonly accepted: Accepted;

  private constructor(worlds: readonly World[], folder: string, keysFile: string, accepted: Accepted) {
    this.worlds = worlds;
    this.folder = folder;
    this.accepted = accepted;
    this.keysFile = keysFile;
  }

  static async start({ upstream, count = 2, env = {}, clock, policy }: ReplicaOptions): Promise<Replicas> {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'replicas-'));
    const keysFile = path.join(folder, 'keys.json');
    await writeFile(keysFile, JSON.stringify(newKeys()));
    const start = (number: number) =>
      World.start({
        upstream: upstream(number),
        ...(clock && { clock }),
        ...(policy && { policy }),
        env: {
          KEYS_FILE: keysFile,
          PEER_PORT: '0',
          POD_IP: '127.0.0.1',
          POD_UID: `pod-${number}`,
          INSTANCE: `proxy-${number}`,
          ...env,
        },
      });
    const accepted = new Accepted();
    const worlds = await Promise.all(Array.from({ length: count }, (_, number) => start(number)));
    return new Replicas(worlds, folder, keysFile, accepted);
  }

  at(number: number): World {
    const world = this.worlds[number];
    if (world === undefined) throw new Error(`there is no replica ${number}`);
    return world;
  }

  /** The headers of a caller with a session that the server of a replica gave. */
  async sessionAt(number: number, caller: Readonly<Record<string, string>> = USER_1) {
    const answer = await this.at(number).post({ jsonrpc: '2.0', id: 0, method: 'initialize' }, caller);
    const id = answer.headers['mcp-session-id'];
    if (typeof id !== 'string') throw new Error(`replica ${number} gave no session: ${answer.text}`);
    return { ...caller, 'mcp-session-id': id };
  }

  /** How often requests were handed over by a replica, by outcome. */
  async handovers(number: number): Promise<Readonly<Record<string, number>>> {
    const { text } = await this.at(number).page('/metrics');
    const found = text.matchAll(/^mcp_gateway_handovers_total\{[^}]*outcome="(\w+)"[^}]*\} (\d+)$/gm);
    return Object.fromEntries([...found].map(([, outcome = '', count]) => [outcome, Number(count)]));
  }

  /** Breaks the connections of its peers to a replica, as when its machine is lost. */
  vanish(number: number): void {
    this.accepted.breakAt(this.at(number).proxy.peerPort);
  }

  async close(): Promise<void> {
    this.accepted.close();
    await Promise.all(this.worlds.map((world) => world.close()));
    await rm(this.folder, { recursive: true, force: true });
  }
}
