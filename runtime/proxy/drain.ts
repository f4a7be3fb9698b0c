// How the proxy ends without losing what callers have with it. First it is no longer ready and answers nothing new, but
// the MCP sessions of its pod go on: over the connections it has, and through its peers. When no session is left, or the
// time is up, streams end in order, and whoever still asks for a session is told that it is gone.
import { setTimeout as delay } from 'node:timers/promises';
import { closeListener, type OpenListener } from './close-listener.ts';
import { IDLE_CONNECTION_MS } from './peers/peers.ts';
import type { Pipeline } from './pipeline.ts';
import type { ProxyServices } from './services.ts';

/** Milliseconds of a farewell: whoever called within it has heard. */
const CALLERS_MS = 5_000;
/** By then every peer has let go of the connections it keeps, or has been told. */
const PEERS_MS = IDLE_CONNECTION_MS + 1_000;
/** Part of the whole time that a farewell takes at most. */
const FAREWELL_SHARE = 0.25;
const LOOK_MS = 100;

export interface DrainOptions {
  readonly services: ProxyServices;
  readonly pipeline: Pipeline;
  readonly main: OpenListener;
  /** Undefined where there are no peers: then sessions end with the listener. */
  readonly peers: OpenListener | undefined;
}

/** Resolves when no connection is left and every request is on record; at the signal the rest is cut. */
export async function drain(options: DrainOptions, signal: AbortSignal): Promise<void> {
  const { services, pipeline, main, peers } = options;
  const { config, sessions } = services;
  pipeline.draining = true;
  // Heard before the listeners hear it, so that callers are told why before they are cut.
  signal.addEventListener('abort', () => giveUp(options), { once: true });
  if (signal.aborted) giveUp(options);
  endStreams(services, peers !== undefined);
  const longestMs = config.drainMs * FAREWELL_SHARE;
  const closed = closeListener(main, Math.min(CALLERS_MS, longestMs), signal);
  if (peers !== undefined) {
    const farewellMs = Math.min(PEERS_MS, longestMs);
    const timeIsUp = AbortSignal.timeout(Math.floor(config.drainMs - farewellMs));
    await untilNoSession(services, AbortSignal.any([signal, timeIsUp]));
    sessions.over = true;
    endStreams(services, false);
    await closeListener(peers, farewellMs, signal);
  }
  await closed;
}

function giveUp({ pipeline, services: { forwarded } }: DrainOptions): void {
  pipeline.timeIsUp = true;
  for (const cut of forwarded.cuts()) cut.giveUp();
}

function endStreams({ forwarded }: ProxyServices, sessionsGoOn: boolean): void {
  for (const cut of forwarded.cuts()) cut.drain(sessionsGoOn);
}

/** A session that nobody has used for as long as all this takes is not waited for. */
async function untilNoSession(
  { sessions, forwarded, config }: ProxyServices,
  signal: AbortSignal,
): Promise<void> {
  const isOpen = (): boolean =>
    forwarded.some(({ mcpSession, handedOver }) => mcpSession !== undefined && !handedOver);
  while (!signal.aborted && (isOpen() || sessions.usedWithin(config.drainMs)))
    await delay(LOOK_MS, undefined, { signal }).catch(() => undefined);
}
