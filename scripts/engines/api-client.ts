// The API server over HTTP, for what the suites do around a test: small, with a bearer token and the server's own CA.
import { Agent, request } from 'undici';

export interface ApiAnswer {
  readonly status: number;
  readonly text: string;
}

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Sent as JSON. */
  readonly body?: unknown;
  /** @default application/json */
  readonly contentType?: string;
  readonly timeoutMs?: number;
}

type Headers = Readonly<Record<string, string | readonly string[]>>;

export class ApiClient {
  private readonly url: string;
  private readonly headers: Record<string, string | string[]>;
  private readonly agent: Agent;

  /** @param headers of every request, for impersonation */
  constructor(url: string, ca: string, token: string, headers: Headers = {}) {
    this.url = url;
    const more = Object.entries(headers).map(([name, value]) => [name, [value].flat()] as const);
    this.headers = {
      ...Object.fromEntries(more),
      authorization: `Bearer ${token}`,
      accept: 'application/json',
    };
    this.agent = new Agent({ connect: { ca }, connections: 16 });
  }

  /** Any answer of the server; throws where there is none. */
  async send(path: string, options: ApiRequest = {}): Promise<ApiAnswer> {
    const { method = 'GET', body, contentType = 'application/json', timeoutMs = 30_000 } = options;
    const response = await request(this.url + path, {
      method,
      dispatcher: this.agent,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      headers: { ...this.headers, 'content-type': contentType },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.statusCode, text: await response.body.text() };
  }

  /** The parsed answer; throws with the server's message where it refused. */
  async json(path: string, options: ApiRequest = {}): Promise<unknown> {
    const { status, text } = await this.send(path, options);
    if (status >= 300)
      throw new Error(`${options.method ?? 'GET'} ${path} was answered with ${status}: ${text}`);
    return JSON.parse(text);
  }

  async close(): Promise<void> {
    await this.agent.close();
  }
}
