// One call of a tool, as the smallest client there is makes it: what came of it is one word. For looking again and again,
// where the official client would cost more than what is looked for.
import { z } from 'zod';

const version = '2026-07-28';

const answer = z.union([
  z.object({ result: z.unknown() }).refine(({ result }) => result !== undefined),
  z.object({ error: z.object({ data: z.object({ reason: z.string() }).optional() }) }),
]);

export interface ToolCall {
  readonly url: string;
  readonly tool: string;
  readonly args?: Readonly<Record<string, unknown>>;
  /** Who calls, as the proxy reads it: `X-MCP-Human-ID` and so on. */
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
  /** @default 5 000 */
  readonly timeoutMs?: number;
}

/** `allowed`; the reason of a denial; `HTTP 503` where nobody spoke the protocol; `unreachable: …`. */
export async function callTool(call: ToolCall): Promise<string> {
  const { url, tool, args = {}, headers, timeoutMs = 5_000 } = call;
  const meta = {
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientInfo': { name: 'e2e', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const params = { name: tool, arguments: args, _meta: meta };
  try {
    const response = await call.fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': version,
        'mcp-method': 'tools/call',
        'mcp-name': tool,
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    return wordOf(await response.text(), response.status);
  } catch (error) {
    return `unreachable: ${error instanceof Error ? error.message : String(error)}`;
  }
}

/** JSON, or the last event of a stream. */
function wordOf(text: string, status: number): string {
  const data = text.split('\n').findLast((line) => line.startsWith('data:'));
  try {
    const json: unknown = JSON.parse(data?.slice('data:'.length) ?? text);
    const read = answer.parse(json);
    return 'error' in read ? (read.error.data?.reason ?? `an error without a reason: ${text}`) : 'allowed';
  } catch {
    return `HTTP ${status}`;
  }
}
