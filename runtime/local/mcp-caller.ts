// Calls a server through its proxy as any program would: with the official client, in either era. What came of a
// call is a value, whether it is a result, a denial of the policy, or no answer at all.
import {
  Client,
  ProtocolError,
  SdkHttpError,
  StreamableHTTPClientTransport,
} from '@modelcontextprotocol/client';
import type { CallToolResult, Progress, Tool } from '@modelcontextprotocol/client';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { messageOf } from './trouble.ts';

export type Era = 'legacy' | 'modern';

/** Revision of the protocol that stands for the modern era. */
const modernRevision = '2026-07-28';

/** A stream opened on the side that has no answer by then is left to itself. */
const streamAnswerMs = 500;

const denialData = z.object({
  reason: z.string(),
  needed: z.record(z.string(), z.unknown()).optional(),
  httpStatus: z.number().optional(),
  revision: z.string().optional(),
  traceId: z.string().optional(),
});

const errorBody = z.object({
  error: z.object({ code: z.number().optional(), message: z.string().optional(), data: z.unknown() }),
});

/** A refusal that a proxy explained. */
export interface Denial {
  readonly code: number | undefined;
  readonly message: string;
  readonly reason: string;
  /** What the caller would have to have; members as in `Needed`. */
  readonly needed: Readonly<Record<string, unknown>>;
  readonly revision: string | undefined;
  readonly httpStatus: number | undefined;
}

/** A JSON-RPC error that is no denial: the server's own, or that a tool is unknown. */
export interface Fault {
  readonly code: number | undefined;
  readonly message: string;
  readonly httpStatus: number | undefined;
}

export type CallOutcome<T> =
  | { readonly kind: 'result'; readonly value: T }
  | { readonly kind: 'denied'; readonly denial: Denial }
  | { readonly kind: 'fault'; readonly fault: Fault }
  /** Nothing that speaks the protocol answered. */
  | { readonly kind: 'unreachable'; readonly message: string };

export interface CallerOptions {
  readonly url: string;
  readonly era: Era;
  /** Identity and session headers, as the proxy reads them. */
  readonly headers: Readonly<Record<string, string>>;
  /** How requests are made. @default Node's own `fetch` */
  readonly fetch?: typeof fetch | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface ToolCall {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** One connection of one caller. */
export class McpCaller {
  private readonly client: Client;
  private readonly transport: StreamableHTTPClientTransport;
  private readonly wire: Wire;

  private constructor(client: Client, transport: StreamableHTTPClientTransport, wire: Wire) {
    this.client = client;
    this.transport = transport;
    this.wire = wire;
  }

  static async connect(options: CallerOptions): Promise<CallOutcome<McpCaller>> {
    const info = { name: 'mcp-runtime', version: '1.0.0' };
    const client =
      options.era === 'legacy'
        ? new Client(info)
        : new Client(info, { versionNegotiation: { mode: { pin: modernRevision } } });
    const wire = new Wire(options.fetch ?? fetch);
    const transport = new StreamableHTTPClientTransport(new URL(options.url), {
      requestInit: { headers: { ...options.headers } },
      fetch: wire.fetch,
    });
    const outcome = await outcomeOf(wire, async () => {
      await client.connect(transport, options.signal === undefined ? {} : { signal: options.signal });
      return new McpCaller(client, transport, wire);
    });
    if (outcome.kind !== 'result') await client.close().catch(() => undefined);
    return outcome;
  }

  call(call: ToolCall, signal?: AbortSignal): Promise<CallOutcome<CallToolResult>> {
    const { name, args, onProgress } = call;
    return outcomeOf(this.wire, () =>
      this.client.callTool(
        { name, arguments: { ...args } },
        {
          ...(onProgress !== undefined && { onprogress: onProgress }),
          ...(signal !== undefined && { signal }),
        },
      ),
    );
  }

  tools(): Promise<CallOutcome<readonly Tool[]>> {
    return outcomeOf(this.wire, async () => (await this.client.listTools()).tools);
  }

  resources(): Promise<CallOutcome<unknown>> {
    return outcomeOf(this.wire, () => this.client.listResources());
  }

  /** Ends the session at the server where there is one, and the connection. */
  async close(): Promise<void> {
    await this.wire.settled(streamAnswerMs);
    await this.transport.terminateSession().catch(() => undefined);
    await this.client.close();
  }
}

/** Keeps the last refusal that came over the wire: where an era is negotiated, the client drops what it said. */
class Wire {
  refusal: unknown;

  private readonly open = new Set<Promise<unknown>>();
  private readonly send: typeof fetch;

  constructor(send: typeof fetch) {
    this.send = send;
  }

  readonly fetch = async (url: string | URL, init?: RequestInit): Promise<Response> => {
    this.refusal = undefined;
    const request = this.send(url, init);
    const answered = request.then(
      () => undefined,
      () => undefined,
    );
    this.open.add(answered);
    void answered.then(() => this.open.delete(answered));
    const response = await request;
    if (response.headers.get('content-type')?.startsWith('application/json') === true) {
      this.refusal = parsed(await response.clone().text());
    }
    return response;
  };

  /** Resolves once every request has an answer, the stream that the client opens on the side too. */
  async settled(withinMs: number): Promise<void> {
    const giveUp = new AbortController();
    const late = delay(withinMs, undefined, { signal: giveUp.signal }).catch(() => undefined);
    await Promise.race([Promise.all(this.open), late]);
    giveUp.abort();
  }
}

async function outcomeOf<T>(wire: Wire, work: () => Promise<T>): Promise<CallOutcome<T>> {
  try {
    return { kind: 'result', value: await work() };
  } catch (error) {
    return outcomeOfError(error, wire.refusal);
  }
}

type Failed = Exclude<CallOutcome<never>, { readonly kind: 'result' }>;

/** Finds what the other side said in whatever the client made of it. */
function outcomeOfError(error: unknown, refusal: unknown): Failed {
  if (error instanceof ProtocolError) return answered(error.code, error.message, error.data, undefined);
  const status = error instanceof SdkHttpError ? error.status : undefined;
  const body = errorBody.safeParse(error instanceof SdkHttpError ? parsed(error.data.text) : refusal);
  if (body.success) {
    const { code, message = 'the request was refused', data } = body.data.error;
    return answered(code, message, data, status);
  }
  if (status !== undefined)
    return { kind: 'fault', fault: { code: undefined, message: `HTTP ${status}`, httpStatus: status } };
  const inner = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return { kind: 'unreachable', message: `${messageOf(error)}${inner}` };
}

function answered(
  code: number | undefined,
  message: string,
  data: unknown,
  httpStatus: number | undefined,
): Failed {
  const denial = denialData.safeParse(data);
  if (!denial.success) return { kind: 'fault', fault: { code, message, httpStatus } };
  const { reason, needed = {}, revision } = denial.data;
  return {
    kind: 'denied',
    denial: { code, message, reason, needed, revision, httpStatus: httpStatus ?? denial.data.httpStatus },
  };
}

function parsed(text: unknown): unknown {
  if (typeof text !== 'string') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
