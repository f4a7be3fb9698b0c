// The policy side of a proxy: what is in force, and its streams to distributors of this machine.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DISTRIBUTOR_TLS_NAME } from '#api/names.ts';
import { systemClock } from '#runtime/process/clock.ts';
import { silentLog } from '#runtime/process/log.ts';
import { PolicySource } from '#runtime/proxy/policy/policy-source.ts';
import { PolicyStreams } from '#runtime/proxy/policy/policy-streams.ts';
import { IdentityFolder } from '#test/runtime/proxy/harness/distributor.ts';

export interface AProxyOptions {
  readonly ca: string;
  readonly token: string;
  /** Of the distributors that it listens to. */
  readonly ports: readonly (number | undefined)[];
}

export function startProxy({ ca, token, ports }: AProxyOptions) {
  const identity = new IdentityFolder().write({ ca, token });
  const state = mkdtempSync(path.join(os.tmpdir(), 'proxy-'));
  const policy = new PolicySource({
    file: path.join(state, 'none'),
    keptFile: path.join(state, 'policy.json'),
    streamed: true,
    clock: systemClock,
    log: silentLog,
  });
  const begin = (port: number | undefined) => {
    const streams = new PolicyStreams({
      url: new URL(`https://127.0.0.1:${port ?? 0}`),
      serverName: DISTRIBUTOR_TLS_NAME,
      identityFolder: identity.folder,
      policy,
      audit: () => ({ deliveredAtMs: undefined, delayed: false }),
      clock: systemClock,
      log: silentLog,
      lookupMs: 200,
      backoff: { firstMs: 20, maxMs: 200 },
    });
    streams.start();
    return streams;
  };
  const streams = ports.map(begin);
  return {
    policy,
    streams,
    /** Listens to a further distributor. */
    listenTo: (port: number | undefined) => void streams.push(begin(port)),
    stop: async () => {
      for (const each of streams) await each.stop();
      identity.remove();
      rmSync(state, { recursive: true, force: true });
    },
  };
}
