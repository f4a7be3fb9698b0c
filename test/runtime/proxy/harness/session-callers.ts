// Callers whose sessions last: the official client of version 1, which agents still have, and what it is told when its
// session is gone.
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import {
  StreamableHTTPClientTransport,
  StreamableHTTPError,
} from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** `allowed`; `gone`, the session is unknown; or what else went wrong. */
export type Word = string;

/** Where a server is, and as whom it is called. */
export interface Target {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** @default Node's own */
  readonly fetch?: typeof fetch;
}

const PAUSE_MS = 200;

export class SessionCaller {
  /** Notifications that came over the stream of the session. */
  heard = 0;
  /** What it said in calls that were answered. */
  readonly said: string[] = [];
  private readonly client: Client;
  private readonly transport: StreamableHTTPClientTransport;

  private constructor(client: Client, transport: StreamableHTTPClientTransport) {
    this.client = client;
    this.transport = transport;
    client.setNotificationHandler(LoggingMessageNotificationSchema, () => {
      this.heard += 1;
    });
  }

  static async connect({ url, headers, fetch }: Target): Promise<SessionCaller> {
    const client = new Client({ name: 'e2e-v1', version: '1.0.0' });
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers },
      ...(fetch && { fetch }),
    });
    const caller = new SessionCaller(client, transport);
    await client.connect(transport);
    return caller;
  }

  /** The session as the proxy names it. */
  get sessionId(): string {
    return this.transport.sessionId ?? '';
  }

  /** Says something that was never said before. */
  async call(): Promise<Word> {
    const message = randomUUID();
    const word = await this.tool('echo', { message });
    if (word === 'allowed') this.said.push(message);
    return word;
  }

  async tool(name: string, args: Readonly<Record<string, string>> = {}): Promise<Word> {
    try {
      const { isError, content } = await this.client.callTool({ name, arguments: args });
      return isError === true ? JSON.stringify(content) : 'allowed';
    } catch (error) {
      return wordFor(error);
    }
  }

  /** Ends the session at the server, and the connection. */
  async end(): Promise<Word> {
    try {
      await this.transport.terminateSession();
      return 'allowed';
    } catch (error) {
      return wordFor(error);
    } finally {
      await this.client.close();
    }
  }

  close(): Promise<void> {
    return this.client.close();
  }
}

function wordFor(error: unknown): Word {
  const isGone =
    error instanceof StreamableHTTPError &&
    error.code === 404 &&
    error.message.includes('unknown_mcp_session');
  return isGone ? 'gone' : String(error);
}

export interface Stay {
  readonly said: readonly string[];
  /** What went wrong that should not have. */
  readonly wrong: readonly Word[];
  /** How often a session was gone, and another began at once. */
  readonly begunAnew: number;
}

/** One session after the other, each for so long; with calls all the time. None may end before its time. */
export async function shortSessions(target: Target, lastMs: number, until: AbortSignal): Promise<Stay> {
  const said: string[] = [];
  const wrong: Word[] = [];
  let count = 0;
  for (; !until.aborted; count += 1) {
    try {
      const caller = await SessionCaller.connect(target);
      const endMs = performance.now() + lastMs;
      while (performance.now() < endMs) {
        wrong.push(await caller.call());
        await sleep(PAUSE_MS);
      }
      wrong.push(await caller.end());
      said.push(...caller.said);
    } catch (error) {
      wrong.push(`no session: ${String(error)}`);
    }
  }
  return { said, wrong: wrong.filter((word) => word !== 'allowed'), begunAnew: count };
}

/**
 * One session for as long as it lasts; when it is gone, another has to begin, and serve, at once.
 * @param onBegunAnew called when another has begun
 */
export async function longSession(
  target: Target,
  until: AbortSignal,
  onBegunAnew?: () => void,
): Promise<Stay> {
  const said: string[] = [];
  const wrong: Word[] = [];
  let begunAnew = 0;
  let caller = await SessionCaller.connect(target);
  while (!until.aborted) {
    const word = await caller.call();
    if (word === 'gone') {
      begunAnew += 1;
      said.push(...caller.said);
      await caller.close();
      caller = await SessionCaller.connect(target);
      wrong.push(await caller.call());
      onBegunAnew?.();
    } else {
      wrong.push(word);
    }
    await sleep(PAUSE_MS);
  }
  said.push(...caller.said);
  await caller.close();
  return { said, wrong: wrong.filter((word) => word !== 'allowed'), begunAnew };
}
