// What the quickstart has to do, case by case, written down by hand from what its program promises.
import type { Era } from '../mcp-caller.ts';
import type { Case, CaseCaller, ClientCase, ExpectedEvent, WireCase } from './case.ts';

const user: CaseCaller = { human: 'user-1', agent: 'agent-1', session: 'demo' };
const stranger: CaseCaller = { human: 'user-2', agent: 'agent-1' };
const lab: CaseCaller = { team: 'lab' };

const allowed = (what: string, more: Partial<ExpectedEvent> = {}): ExpectedEvent => ({
  kind: 'request',
  what,
  decision: 'allow',
  reason: 'allowed',
  status: 200,
  outcome: 'answered',
  ...more,
});

const denied = (what: string, reason: string, more: Partial<ExpectedEvent> = {}): ExpectedEvent => ({
  kind: 'request',
  what,
  decision: 'deny',
  reason,
  status: 200,
  outcome: 'none',
  ...more,
});

const refused = (reason: string, status: number, more: Partial<ExpectedEvent> = {}): ExpectedEvent => ({
  kind: 'refused',
  what: 'POST',
  decision: 'deny',
  reason,
  status,
  outcome: 'none',
  anonymous: true,
  ...more,
});

/** What a client does before its first call. The notes server has no stream and no session of its own to offer. */
function connected(server: Case['server'], era: Era, { session }: CaseCaller): readonly ExpectedEvent[] {
  const by = session === undefined ? {} : { session };
  if (era === 'modern') return [allowed('server/discover', by)];
  const hello = [
    allowed('initialize', by),
    allowed('notifications/initialized', { kind: 'notification', status: 202, ...by }),
  ];
  if (server === 'notes') return [...hello, allowed('GET', { kind: 'refused', status: 405, ...by })];
  return [...hello, allowed('GET', { kind: 'stream_opened', ...by }), allowed('DELETE', { ...by })];
}

type ClientInput = Pick<ClientCase, 'name' | 'action' | 'expect' | 'caller'> & {
  readonly events: readonly ExpectedEvent[];
};

function clientCase(server: Case['server'], era: Era, { events, ...input }: ClientInput): ClientCase {
  const { name, caller } = input;
  const audit = [...connected(server, era, caller), ...events];
  return { ...input, kind: 'client', name: `${name} (${era})`, server, era, audit };
}

const both = (input: ClientInput): readonly ClientCase[] => [
  clientCase('notes', 'legacy', input),
  clientCase('notes', 'modern', input),
];

/** A client that does not get past its first request. */
const turnedAway = (
  name: string,
  caller: CaseCaller,
  expect: string,
  event: (what: string) => ExpectedEvent,
): readonly ClientCase[] =>
  (['legacy', 'modern'] as const).map((era) => ({
    kind: 'client',
    name: `${name} (${era})`,
    server: 'notes',
    era,
    caller,
    action: { call: 'list_notes' },
    expect,
    audit: [event(era === 'legacy' ? 'initialize' : 'server/discover')],
  }));

const editors = { grant: 'editors', session: 'demo' };

const NOTES_CASES: readonly Case[] = [
  ...both({
    name: 'a read with low trust',
    caller: user,
    action: { call: 'list_notes' },
    expect: 'result: note-1: Welcome',
    events: [allowed('tools/call list_notes', editors)],
  }),
  ...both({
    name: 'a read with medium trust, with progress',
    caller: user,
    action: { call: 'export_notes', args: { pauseMs: 20 }, progress: true },
    expect: 'result: # Welcome, progress 3',
    events: [allowed('tools/call export_notes', editors)],
  }),
  ...both({
    name: 'a session with its namespace',
    caller: { ...user, session: 'mcp-servers/demo' },
    action: { call: 'read_note', args: { id: 'note-2' } },
    expect: 'result: Trust',
    events: [allowed('tools/call read_note', { grant: 'editors', session: 'mcp-servers/demo' })],
  }),
  clientCase('notes', 'legacy', {
    name: 'a write with medium trust',
    caller: user,
    action: { call: 'add_note', args: { title: 'Check', body: 'Made by the check.' } },
    expect: 'result: Added note-4.',
    events: [allowed('tools/call add_note', editors)],
  }),
  clientCase('notes', 'modern', {
    name: 'the server learns who calls, from the proxy alone',
    caller: user,
    action: { call: 'whoami' },
    expect: 'result: {"x-mcp-agent-id":"agent-1","x-mcp-agent-session":"demo","x-mcp-human-id":"user-1"}',
    events: [allowed('tools/call whoami', editors)],
  }),
  ...both({
    name: 'a tool that a grant names without its side effect',
    caller: user,
    action: { call: 'delete_note', args: { id: 'note-1' } },
    expect: 'denied: side_effect_not_allowed -32030, needs sideEffect destructive',
    events: [denied('tools/call delete_note', 'side_effect_not_allowed', editors)],
  }),
  ...both({
    name: 'a tool that a grant denies',
    caller: user,
    action: { call: 'purge_notes' },
    expect: 'denied: tool_denied -32030',
    events: [denied('tools/call purge_notes', 'tool_denied', { grant: 'no-purge', session: 'demo' })],
  }),
  ...both({
    name: 'a tool that the server has and nobody declared looks unknown',
    caller: user,
    action: { call: 'debug_dump' },
    expect: 'denied: unknown_tool -32602, Unknown tool: debug_dump',
    events: [denied('tools/call debug_dump', 'tool_not_granted', { session: 'demo' })],
  }),
  clientCase('notes', 'modern', {
    name: 'a tool that nobody has looks the same',
    caller: user,
    action: { call: 'no_such_tool' },
    expect: 'denied: unknown_tool -32602, Unknown tool: no_such_tool',
    events: [denied('tools/call no_such_tool', 'tool_not_granted', { session: 'demo' })],
  }),
  clientCase('notes', 'legacy', {
    name: 'no session where one is required',
    caller: { human: 'user-1', agent: 'agent-1' },
    action: { call: 'list_notes' },
    expect: 'denied: missing_session -32030, needs session',
    events: [denied('tools/call list_notes', 'missing_session')],
  }),
  ...turnedAway(
    'a session that is unknown',
    { ...user, session: 'none' },
    'denied: session_not_found -32030, needs session',
    (what) => denied(what, 'session_not_found'),
  ),
  ...turnedAway(
    'a session that has expired',
    { ...user, session: 'old' },
    'denied: session_expired -32030, needs session',
    (what) => denied(what, 'session_expired', { session: 'old' }),
  ),
  ...turnedAway(
    'a session that was revoked',
    { ...user, session: 'gone' },
    'denied: session_revoked -32030, needs session',
    (what) => denied(what, 'session_revoked', { session: 'gone' }),
  ),
  ...turnedAway(
    "somebody else's session",
    { ...stranger, session: 'demo' },
    'denied: session_not_found -32030, needs session',
    (what) => denied(what, 'session_not_found'),
  ),
  ...turnedAway('nobody', {}, 'denied: missing_identity -32030 HTTP 401', () =>
    refused('missing_identity', 401),
  ),
  ...both({
    name: 'the tools that this caller may call, and no others',
    caller: user,
    action: 'list tools',
    expect: 'tools: add_note, export_notes, list_notes, read_note, whoami',
    events: [allowed('tools/list', { session: 'demo' })],
  }),
  clientCase('notes', 'modern', {
    name: 'no tools for a caller without a grant',
    caller: stranger,
    action: 'list tools',
    expect: 'tools: ',
    events: [allowed('tools/list')],
  }),
];

const EVERYTHING_CASES: readonly Case[] = (
  [
    {
      name: 'a team reads, without a session',
      caller: lab,
      action: { call: 'echo', args: { message: 'hi' } },
      expect: 'result: Echo: hi',
      events: [allowed('tools/call echo', { grant: 'lab' })],
    },
    {
      name: 'a sum',
      caller: lab,
      action: { call: 'get-sum', args: { a: 2, b: 40 } },
      expect: 'result: The sum of 2 and 40 is 42.',
      events: [allowed('tools/call get-sum', { grant: 'lab' })],
    },
    {
      name: 'too little trust',
      caller: lab,
      action: { call: 'trigger-long-running-operation', args: { duration: 1, steps: 1 } },
      expect: 'denied: trust_too_low -32030, needs trust medium',
      events: [denied('tools/call trigger-long-running-operation', 'trust_too_low', { grant: 'lab' })],
    },
    {
      name: 'a side effect that the grant leaves out looks unknown',
      caller: lab,
      action: { call: 'toggle-simulated-logging' },
      expect: 'denied: unknown_tool -32602, Unknown tool: toggle-simulated-logging',
      events: [denied('tools/call toggle-simulated-logging', 'side_effect_not_allowed', { grant: 'lab' })],
    },
    {
      name: 'the environment of the process stays hidden',
      caller: lab,
      action: { call: 'get-env' },
      expect: 'denied: unknown_tool -32602, Unknown tool: get-env',
      events: [denied('tools/call get-env', 'tool_side_effect_unknown', { grant: 'lab' })],
    },
    {
      name: 'the tools that the team may call',
      caller: lab,
      action: 'list tools',
      expect: 'tools: echo, get-sum, get-tiny-image',
      events: [allowed('tools/list')],
    },
    {
      name: 'a method that is not open',
      caller: lab,
      action: 'list resources',
      expect: 'denied: method_not_allowed -32030',
      events: [denied('resources/list', 'method_not_allowed')],
    },
    {
      name: 'a caller without a grant',
      caller: { team: 'visitors' },
      action: { call: 'echo', args: { message: 'hi' } },
      expect: 'denied: unknown_tool -32602, Unknown tool: echo',
      events: [denied('tools/call echo', 'no_matching_grant')],
    },
  ] satisfies readonly ClientInput[]
).map((input) => clientCase('everything', 'legacy', input));

const list = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
const json = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
const modern = {
  ...json,
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': 'tools/call',
};
const modernCall = JSON.stringify({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: {
    name: 'list_notes',
    arguments: {},
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'check', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
});

const wire = (
  name: string,
  expect: string,
  event: ExpectedEvent,
  { method = 'POST', caller = user, headers = json, body = list }: Partial<WireCase> = {},
): WireCase => ({
  kind: 'wire',
  name,
  server: 'notes',
  method,
  caller,
  headers,
  ...(method === 'POST' && { body }),
  expect,
  audit: [event],
});

const identified = { anonymous: false } as const;

const WIRE_CASES: readonly Case[] = [
  wire('no identity', 'HTTP 401 missing_identity -32030', refused('missing_identity', 401), { caller: {} }),
  wire('JSON that breaks off', 'HTTP 400 invalid_json -32700', refused('invalid_json', 400, identified), {
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"',
  }),
  wire('a key twice', 'HTTP 400 duplicate_key -32700', refused('duplicate_key', 400, identified), {
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}',
  }),
  wire(
    'a key in another case',
    'HTTP 400 case_variant_key -32700',
    refused('case_variant_key', 400, identified),
    {
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/list","Method":"tools/call"}',
    },
  ),
  wire('a batch', 'HTTP 400 batch_not_supported -32600', refused('batch_not_supported', 400, identified), {
    body: `[${list}]`,
  }),
  wire('no JSON-RPC', 'HTTP 400 invalid_envelope -32600', refused('invalid_envelope', 400, identified), {
    body: '{"id":1,"method":"tools/list"}',
  }),
  wire(
    'another type of body',
    'HTTP 415 unsupported_media_type -32030',
    refused('unsupported_media_type', 415, identified),
    {
      headers: { ...json, 'content-type': 'text/plain' },
    },
  ),
  wire(
    'another HTTP method',
    'HTTP 405 http_method_not_allowed -32030',
    refused('http_method_not_allowed', 405, { what: 'PUT' }),
    {
      method: 'PUT',
    },
  ),
  wire('a foreign Host', 'HTTP 403 host_not_allowed -32030', refused('host_not_allowed', 403), {
    headers: { ...json, host: 'evil.example' },
  }),
  wire('a foreign page', 'HTTP 403 origin_not_allowed -32030', refused('origin_not_allowed', 403), {
    headers: { ...json, origin: 'https://evil.example' },
  }),
  wire(
    'a header that names another tool than the body',
    'HTTP 400 header_mismatch -32020',
    refused('header_mismatch', 400, { what: 'tools/call list_notes', ...identified }),
    { headers: { ...modern, 'mcp-name': 'purge_notes' }, body: modernCall },
  ),
  wire(
    'a response that answers nothing',
    'HTTP 400 unexpected_response -32600',
    refused('unexpected_response', 400, identified),
    { body: '{"jsonrpc":"2.0","id":7,"result":{}}' },
  ),
];

/** Made last: they end the session that the others use. */
const REVOKE_CASES: readonly Case[] = [
  {
    kind: 'revoke',
    name: 'a session revoked during an answer cuts it',
    server: 'notes',
    era: 'modern',
    caller: user,
    session: 'demo',
    during: { call: 'export_notes', args: { pauseMs: 1_500 } },
    expect: 'result: note-1: Welcome, then denied: session_revoked -32030, needs session',
    audit: [
      ...connected('notes', 'modern', user),
      allowed('tools/call list_notes', editors),
      denied('tools/call export_notes', 'session_revoked', { ...editors, outcome: 'unknown' }),
    ],
  },
  ...turnedAway('the session stays revoked', user, 'denied: session_revoked -32030, needs session', (what) =>
    denied(what, 'session_revoked', { session: 'demo' }),
  ),
];

/** In the order in which they are made. */
export const CASES: readonly Case[] = [...NOTES_CASES, ...EVERYTHING_CASES, ...WIRE_CASES];

export { REVOKE_CASES };

/** The servers that the cases speak of; a program without them can't be checked by these cases. */
export const CHECKED_SERVERS = ['notes', 'everything'] as const;
