// Makes one case happen and says in one line what its caller saw.
import { randomBytes } from 'node:crypto';
import http from 'node:http';
import { z } from 'zod';
import { McpCaller, type CallOutcome } from '../mcp-caller.ts';
import { messageOf } from '../trouble.ts';
import type { Case, CaseCaller, ClientCase, Observed, RevokeCase, WireCase } from './case.ts';

/** What a case may use of the platform. */
export interface Stage {
  readonly url: (server: Case['server']) => string;
  /** How clients make requests. @default Node's own `fetch` */
  readonly fetch?: typeof fetch | undefined;
  /** Revokes a session, as a person would; resolves when that is confirmed. */
  readonly revoke: (session: string) => Promise<void>;
}

const caseMs = 15_000;
const wireAnswerBytes = 64 * 1024;

export async function perform(checked: Case, stage: Stage): Promise<Observed> {
  const traceId = randomBytes(16).toString('hex');
  try {
    return { traceId, got: await seen(checked, stage, traceId) };
  } catch (error) {
    return { traceId, got: `failed: ${messageOf(error)}` };
  }
}

function seen(checked: Case, stage: Stage, traceId: string): Promise<string> {
  switch (checked.kind) {
    case 'client':
      return clientSees(checked, stage, traceId);
    case 'wire':
      return wireShows(checked, stage.url(checked.server), traceId);
    case 'revoke':
      return revokedSees(checked, stage, traceId);
  }
}

function headersOf(caller: CaseCaller, traceId: string): Readonly<Record<string, string>> {
  const named = {
    'X-MCP-Human-ID': caller.human,
    'X-MCP-Agent-ID': caller.agent,
    'X-MCP-Team-ID': caller.team,
    'X-MCP-Agent-Session': caller.session,
    traceparent: `00-${traceId}-${traceId.slice(0, 16)}-01`,
  };
  return Object.fromEntries(
    Object.entries(named).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

async function clientSees(checked: ClientCase, stage: Stage, traceId: string): Promise<string> {
  const { server, era, caller, action } = checked;
  const headers = headersOf(caller, traceId);
  const connection = await McpCaller.connect({
    url: stage.url(server),
    era,
    headers,
    fetch: stage.fetch,
    signal: AbortSignal.timeout(caseMs),
  });
  if (connection.kind !== 'result') return failureText(connection);
  const client = connection.value;
  try {
    if (action === 'list tools') {
      const outcome = await client.tools();
      if (outcome.kind !== 'result') return failureText(outcome);
      return `tools: ${outcome.value
        .map(({ name }) => name)
        .sort()
        .join(', ')}`;
    }
    if (action === 'list resources') {
      const outcome = await client.resources();
      return outcome.kind === 'result' ? 'result' : failureText(outcome);
    }
    let progress = 0;
    const onProgress = action.progress === true ? (): void => void (progress += 1) : undefined;
    const said = resultText(await client.call({ name: action.call, args: action.args ?? {}, onProgress }));
    return progress === 0 ? said : `${said}, progress ${progress}`;
  } finally {
    await client.close();
  }
}

async function revokedSees(checked: RevokeCase, stage: Stage, traceId: string): Promise<string> {
  const { server, era, caller, session, during } = checked;
  const headers = headersOf(caller, traceId);
  const connection = await McpCaller.connect({
    url: stage.url(server),
    era,
    headers,
    fetch: stage.fetch,
    signal: AbortSignal.timeout(caseMs),
  });
  if (connection.kind !== 'result') return failureText(connection);
  const client = connection.value;
  try {
    const before = resultText(await client.call({ name: 'list_notes', args: {} }));
    const started = Promise.withResolvers<undefined>();
    const call = client.call({
      name: during.call,
      args: during.args,
      onProgress: () => started.resolve(undefined),
    });
    await Promise.race([started.promise, call]);
    await stage.revoke(session);
    return `${before}, then ${resultText(await call)}`;
  } finally {
    await client.close();
  }
}

function resultText(
  outcome: CallOutcome<{ readonly content: readonly { readonly type: string }[] }>,
): string {
  if (outcome.kind !== 'result') return failureText(outcome);
  const [first] = outcome.value.content;
  const text = first !== undefined && 'text' in first && typeof first.text === 'string' ? first.text : '';
  return `result: ${text.split('\n', 1)[0] ?? ''}`;
}

function failureText(outcome: Exclude<CallOutcome<never>, { readonly kind: 'result' }>): string {
  switch (outcome.kind) {
    case 'denied': {
      const { reason, code, message, needed, httpStatus } = outcome.denial;
      // 401 before the caller is known is the one denial that is an HTTP status too.
      const status = reason === 'missing_identity' ? ` HTTP ${httpStatus ?? 0}` : '';
      const needs = Object.entries(needed).map(([what, value]) =>
        value === true ? what : `${what} ${String(value)}`,
      );
      const shown = reason === 'missing_identity' ? [] : needs;
      const unknown = reason === 'unknown_tool' ? `, ${message}` : '';
      return `denied: ${reason} ${code ?? ''}${status}${shown.length === 0 ? '' : `, needs ${shown.join(', ')}`}${unknown}`;
    }
    case 'fault':
      return `error: ${outcome.fault.code ?? ''} ${outcome.fault.message}`;
    case 'unreachable':
      return `no answer: ${outcome.message}`;
  }
}

const errorAnswer = z.object({
  error: z.object({ code: z.number(), data: z.object({ reason: z.string() }) }),
});

/** `fetch` would mend what these cases break, and refuses to send some of it. */
function wireShows(checked: WireCase, url: string, traceId: string): Promise<string> {
  const { method, body, caller } = checked;
  const headers = { ...headersOf(caller, traceId), ...checked.headers };
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false, timeout: caseMs }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text = (text + chunk).slice(0, wireAnswerBytes)));
      response.on('end', () => resolve(`HTTP ${response.statusCode ?? 0} ${reasonIn(text)}`));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.end(body);
  });
}

function reasonIn(text: string): string {
  try {
    const json: unknown = JSON.parse(text);
    const { error } = errorAnswer.parse(json);
    return `${error.data.reason} ${error.code}`;
  } catch {
    return text.slice(0, 80);
  }
}
