// The one call that everybody is measured with: a small governed tools/call of the modern era, as an agent sends it.
// Callers differ: each has its own grant and session, so that no cache is warmer than it would be.

export interface Caller {
  readonly human: string;
  readonly agent: string;
  readonly session: string;
}

export interface LoadRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const tool = 'echo';

/** The same id in each request, so that an upstream which answers from memory answers each of them rightly. */
const id = 1;

const version = '2026-07-28';

/** The body of a call with one argument. */
export function callOf(text: string): string {
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: {
      name: tool,
      arguments: { text },
      _meta: {
        'io.modelcontextprotocol/protocolVersion': version,
        'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  });
}

const call = callOf('hello world');

/** What the upstream answers. */
export const answer = JSON.stringify({
  jsonrpc: '2.0',
  id,
  result: { resultType: 'complete', content: [{ type: 'text', text: 'hello world' }] },
});

export function caller(i: number): Caller {
  return { human: `human-${i}`, agent: `agent-${i % 10}`, session: `session-${i}` };
}

export function callers(count: number): readonly Caller[] {
  return Array.from({ length: count }, (_, i) => caller(i));
}

/** Twelve request headers, of which the HTTP client adds Host and Content-Length. */
export function headersOf({ human, agent, session }: Caller): LoadRequest['headers'] {
  return {
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'User-Agent': 'bench/1.0.0',
    'Accept-Encoding': 'identity',
    'MCP-Protocol-Version': version,
    'Mcp-Method': 'tools/call',
    'Mcp-Name': tool,
    'X-MCP-Human-ID': human,
    'X-MCP-Agent-ID': agent,
    'X-MCP-Agent-Session': session,
  };
}

export function requestOf(caller: Caller): LoadRequest {
  return { headers: headersOf(caller), body: call };
}
