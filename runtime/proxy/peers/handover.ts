// One request on its way to the pod that holds its session, and the answer on its way back. Neither is read here: the
// peer decides, governs and records. What it can't record, because it is gone, is recorded here.
import type { ClientRequest, IncomingMessage } from 'node:http';
import https from 'node:https';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import type { EdgeReason } from '#api/reasons.ts';
import type { ProxyConfig } from '../config.ts';
import type { Exchange } from '../exchange.ts';
import { refuseEdge } from '../refusal.ts';
import { endingOf } from '../relay/relay.ts';
import type { Cut } from '../state/forwarded.ts';
import type { PlacedSession } from '../sessions/session-seal.ts';
import type { Flow } from '../stages/stage.ts';
import { EventBoundary } from './event-boundary.ts';
import { answerHeaders, requestHeaders } from './peer-head.ts';

/** `unreachable`: the pod is gone, and nothing was sent. `lost`, `late`: it was sent, and no whole answer came. */
export type HandoverOutcome = 'answered' | 'cancelled' | 'refused' | 'unreachable' | 'lost' | 'late';

export interface HandoverOptions {
  readonly exchange: Exchange;
  readonly session: PlacedSession;
  readonly flow: Flow;
  readonly config: ProxyConfig;
  readonly agent: https.Agent;
  /** Hears the outcome, once. */
  readonly settle: (outcome: HandoverOutcome) => void;
}

/** The peer has the same limits, and should be the one to say that they passed. */
const LONGER_THAN_PEER_MS = 5_000;
const TCP_KEEP_ALIVE_MS = 15_000;
const HANDSHAKE_MS = 10_000;

export class Handover implements Cut {
  private readonly options: HandoverOptions;
  private readonly boundary = new EventBoundary();
  private outgoing: ClientRequest | undefined;
  private incoming: IncomingMessage | undefined;
  private body: Readable | undefined;
  private connecting: NodeJS.Timeout | undefined;
  /** Whether the peer may have seen a byte of the request. */
  private sent = false;
  private late = false;
  private over = false;

  constructor(options: HandoverOptions) {
    this.options = options;
  }

  begin(): void {
    const { exchange, session, config, agent } = this.options;
    const { head, request } = exchange;
    if (head === undefined) return;
    const { maxBodyBytes } = config.limits;
    if ((head.contentLength ?? 0) > maxBodyBytes) {
      this.refuse('body_too_large');
      return;
    }
    const { host, port } = session;
    const outgoing = https.request({
      host,
      port,
      agent,
      method: exchange.httpMethod,
      path: request.url,
      headers: requestHeaders(head, exchange.callerAddress),
      timeout: config.upstreamTimeouts.headTimeoutMs + LONGER_THAN_PEER_MS,
    });
    this.outgoing = outgoing;
    exchange.cancelUpstream = () => this.cancel();
    this.giveUpIn(config.upstreamTimeouts.connectTimeoutMs);
    outgoing.once('socket', (socket) => this.onSocket(outgoing, socket));
    outgoing.on('continue', () => exchange.response.writeContinue());
    outgoing.on('response', (incoming) => this.onResponse(incoming));
    outgoing.on('timeout', () => this.onTimeout());
    outgoing.on('error', () => this.onGone());
    outgoing.on('close', () => this.onGone());
    this.sendBody(outgoing, maxBodyBytes);
  }

  /** Policy is the peer's business. */
  recheck(): void {
    // The peer cuts what it no longer allows.
  }

  /** A stream that never ends by itself ends after a whole event; its caller opens it again elsewhere. */
  drain(): void {
    const { exchange } = this.options;
    if (exchange.httpMethod !== 'GET' || this.incoming === undefined) return;
    this.boundary.whenHere(() => {
      exchange.response.end();
      this.cancel();
    });
  }

  giveUp(): void {
    // Its connection is cut, and the peer, who hears of that, records it.
  }

  private onSocket(outgoing: ClientRequest, socket: Socket): void {
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
    if (outgoing.reusedSocket) {
      this.onConnected();
      return;
    }
    // From here on the pod is there, and at worst busy.
    socket.once('connect', () => this.giveUpIn(HANDSHAKE_MS));
    socket.once('secureConnect', () => this.onConnected());
  }

  /** Nothing was sent, so nothing is lost. */
  private giveUpIn(ms: number): void {
    clearTimeout(this.connecting);
    if (!this.over) this.connecting = setTimeout(() => this.outgoing?.destroy(), ms);
  }

  private onConnected(): void {
    this.sent = true;
    clearTimeout(this.connecting);
  }

  private sendBody(outgoing: ClientRequest, maxBodyBytes: number): void {
    const { exchange } = this.options;
    const { request } = exchange;
    const body = (this.body = request.bodyStream());
    if (exchange.httpMethod !== 'POST') {
      outgoing.end();
      return;
    }
    // At once, so that a caller who waits for leave to send gets it.
    outgoing.flushHeaders();
    body.on('data', (chunk: Buffer) => {
      if (this.over) return;
      exchange.bytesIn += chunk.length;
      if (exchange.bytesIn > maxBodyBytes) this.refuse('body_too_large');
      else if (!outgoing.write(chunk)) body.pause();
    });
    outgoing.on('drain', () => body.resume());
    body.on('end', () => {
      if (this.over) return;
      if (request.rawTrailers.length > 0) this.refuse('bad_request_framing');
      else outgoing.end();
    });
  }

  private onResponse(incoming: IncomingMessage): void {
    const { exchange, config } = this.options;
    const { response, request } = exchange;
    this.incoming = incoming;
    this.outgoing?.setTimeout(config.upstreamTimeouts.idleTimeoutMs + LONGER_THAN_PEER_MS);
    const leaving = incoming.headers.connection === 'close';
    if (leaving && !request.complete) response.shouldKeepAlive = false;
    response.writeHead(incoming.statusCode ?? 502, answerHeaders(incoming.rawHeaders));
    if (incoming.headers['content-length'] === undefined) response.flushHeaders();
    incoming.on('data', (chunk: Buffer) => {
      if (this.over) return;
      exchange.bytesOut += chunk.length;
      if (!response.write(chunk)) {
        incoming.pause();
        response.once('drain', () => incoming.resume());
      }
      this.boundary.push(chunk);
    });
    incoming.on('end', () => {
      if (this.over || !incoming.complete) return;
      response.end();
      this.release('answered');
    });
    incoming.on('error', () => this.onGone());
  }

  private onTimeout(): void {
    this.late = true;
    this.outgoing?.destroy();
  }

  /** The connection ended, or there was none. */
  private onGone(): void {
    if (this.over || this.incoming?.complete === true) return;
    if (!this.sent) {
      this.refuse('unknown_mcp_session', 'unreachable');
      return;
    }
    const outcome = this.late ? 'late' : 'lost';
    const reason = this.late ? 'upstream_timeout' : 'upstream_lost';
    const { exchange, flow } = this.options;
    this.settle(outcome);
    if (!exchange.response.headersSent) {
      flow.refuse(exchange, refuseEdge(reason), 'unknown');
      return;
    }
    // Nobody has read how far the answer got, so nothing can be put behind it.
    flow.end(exchange, endingOf(exchange, refuseEdge(reason), 'unknown'));
    exchange.response.destroy();
  }

  private refuse(reason: EdgeReason, outcome: HandoverOutcome = 'refused'): void {
    if (this.over) return;
    this.settle(outcome);
    this.outgoing?.destroy();
    this.options.flow.refuse(this.options.exchange, refuseEdge(reason));
  }

  private cancel(): void {
    if (this.over) return;
    this.release('cancelled');
    this.outgoing?.destroy();
  }

  private release(outcome: HandoverOutcome): void {
    this.settle(outcome);
    this.options.flow.release(this.options.exchange);
  }

  private settle(outcome: HandoverOutcome): void {
    this.over = true;
    clearTimeout(this.connecting);
    this.options.settle(outcome);
    // What is left of a body is read to its end, so that its connection can go on.
    this.body?.resume();
  }
}
