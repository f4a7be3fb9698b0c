// The other proxies of this server, as clients of theirs see them: connections that are kept for a moment, and counts.
import https from 'node:https';
import type { ProxyConfig } from '../config.ts';
import type { Exchange } from '../exchange.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import type { Forwarded } from '../state/forwarded.ts';
import type { PlacedSession } from '../sessions/session-seal.ts';
import type { Flow } from '../stages/stage.ts';
import { Handover, type HandoverOutcome } from './handover.ts';
import { connectingToPeers } from './peer-key.ts';

/** Far shorter than a peer keeps it, so that no request meets a connection that is being closed. */
export const IDLE_CONNECTION_MS = 2_000;
const IDLE_CONNECTIONS = 64;

export interface PeersOptions {
  readonly keys: KeyRing;
  readonly config: ProxyConfig;
  readonly forwarded: Forwarded;
}

export class Peers {
  readonly outcomes = new Map<HandoverOutcome, number>();
  private readonly agent: https.Agent;
  private readonly options: PeersOptions;

  constructor(options: PeersOptions) {
    this.options = options;
    this.agent = new https.Agent({
      ...connectingToPeers(options.keys),
      keepAlive: true,
      timeout: IDLE_CONNECTION_MS,
      maxFreeSockets: IDLE_CONNECTIONS,
      scheduling: 'lifo',
      // A kept session would outlive its key.
      maxCachedSessions: 0,
    });
  }

  /** Lets the pod that holds the session answer. */
  handOver(exchange: Exchange, session: PlacedSession, flow: Flow): void {
    const { config, forwarded } = this.options;
    const { agent } = this;
    const settle = (outcome: HandoverOutcome): void => {
      this.outcomes.set(outcome, (this.outcomes.get(outcome) ?? 0) + 1);
    };
    const handover = new Handover({ exchange, session, flow, config, agent, settle });
    forwarded.add(exchange, handover);
    handover.begin();
  }

  close(): void {
    this.agent.destroy();
  }
}
