// The sentinel that a command is about: that of the platform which runs here, or one at a URL, such as a port-forward.
import type { z } from 'zod';
import { apiError } from '#api/sentinel-api.ts';
import { messageOf, TroubleError } from '#runtime/local/trouble.ts';
import { connect, type StateDirOption } from './connection.ts';

export interface SentinelOption extends StateDirOption {
  readonly url?: string | undefined;
}

/** Holds the token of a sentinel that asks for one; not an option, because others see those. */
export const TOKEN_VARIABLE = 'MCP_SENTINEL_TOKEN';

const REQUEST_MS = 10 * 60_000;

export class SentinelClient {
  private readonly url: string;

  private constructor(url: string) {
    this.url = url;
  }

  /** @throws TroubleError where no platform runs here and no URL was given */
  static async find(options: SentinelOption): Promise<SentinelClient> {
    const url = options.url ?? (await connect(options).status()).console.url;
    return new SentinelClient(url.replace(/\/$/, ''));
  }

  /** @throws TroubleError with what the sentinel says, or that it doesn't answer */
  async ask<T>(schema: z.ZodType<T>, method: 'GET' | 'POST', path: string): Promise<T> {
    const token = process.env[TOKEN_VARIABLE];
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    let response: Response;
    let body: unknown;
    try {
      response = await fetch(this.url + path, { method, headers, signal: AbortSignal.timeout(REQUEST_MS) });
      body = await response.json();
    } catch (error) {
      const what = `The sentinel does not answer: ${messageOf(error)}.`;
      throw this.trouble(what, "See what runs with 'mcp-runtime status', or check --url.", error);
    }
    if (response.ok) return schema.parse(body);
    const told = apiError.safeParse(body).data?.error.message ?? `HTTP ${response.status}`;
    const remedy = response.status === 401 ? `Put it into ${TOKEN_VARIABLE}.` : 'Mend that, and try again.';
    throw this.trouble(`The sentinel refuses: ${told}`, remedy);
  }

  private trouble(what: string, remedy: string, cause?: unknown): TroubleError {
    return new TroubleError({ code: 'unreachable', what, where: this.url, remedy }, { cause });
  }
}
