import { describe, expect, it } from '@jest/globals';
import { MCPServer, type McpServer } from '#api/mcp-server.ts';
import { DEFAULT_OPERATOR_CONFIG } from '#api/operator-config.ts';
import { parseResource } from '#api/parse.ts';
import program from '#examples/quickstart/program.ts';
import type { Manifest } from '#constructs/kit/manifest.ts';
import { compilePolicy } from '#policy/compile.ts';
import { decide } from '#policy/decide.ts';
import type { Decision } from '#policy/decision.ts';
import { indexPolicy } from '#policy/policy-index.ts';
import { synthesise } from '#render/synthesise.ts';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const synthesised = synthesise(program);
const manifests = synthesised.charts.flatMap(({ objects }) => objects.map(({ manifest }) => manifest));
const ofKind = (kind: string) => manifests.filter((manifest) => manifest.kind === kind);

function serverNamed(name: string): McpServer {
  const manifest = ofKind('MCPServer').find(({ metadata }) => metadata.name === name);
  const parsed = parseResource(MCPServer, manifest);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

function compiled(name: string) {
  const created = ({ metadata, ...rest }: Manifest) => ({
    ...rest,
    metadata: { ...metadata, creationTimestamp: new Date(NOW).toISOString() },
  });
  return compilePolicy({
    server: serverNamed(name),
    grants: ofKind('MCPAccessGrant').map(created),
    sessions: ofKind('MCPAgentSession').map(created),
    tombstones: [],
    config: DEFAULT_OPERATOR_CONFIG,
    inputs: { servers: '1', grants: '1', sessions: '1', tombstones: '0' },
    epoch: 0,
  });
}

const indexes = new Map(['notes', 'everything'].map((name) => [name, indexPolicy(compiled(name).document)]));

/** `human/agent/team`, `-` for what the caller doesn't say. */
function decisionOn(server: string, tool: string, caller: string, session: string, nowMs = NOW): Decision {
  const [human, agent, team] = caller.split('/').map((part) => (part === '-' ? undefined : part));
  const teams = team === undefined ? [] : [team];
  const principal = { assurance: 'asserted', human, agent, teams } as const;
  const index = indexes.get(server);
  if (index === undefined) throw new Error(`no server ${server}`);
  const presented = session === '-' ? undefined : session;
  return decide(index, { principal, method: 'tools/call', tool, session: presented }, nowMs);
}

describe('the quickstart', () => {
  it('is two servers, three grants and three sessions, and nothing to warn of', () => {
    expect(['MCPServer', 'MCPAccessGrant', 'MCPAgentSession'].map((kind) => ofKind(kind).length)).toEqual([
      2, 3, 3,
    ]);
    expect(synthesised.warnings).toEqual([]);
  });

  it('compiles without a report of anything invalid', () => {
    for (const name of ['notes', 'everything']) {
      const { grants, sessions } = compiled(name).reports;
      expect([...grants, ...sessions].flatMap(({ problems }) => problems)).toEqual([]);
    }
  });

  it('says how each server is started here', () => {
    expect(synthesised.servers.map(({ name, local }) => [name, local?.command])).toEqual([
      ['notes', 'node'],
      ['everything', 'node'],
    ]);
  });

  // One line for each reason that the policy of these two servers can have.
  it.each([
    ['notes', 'add_note', 'user-1/agent-1/-', 'demo', 'allowed'],
    ['notes', 'list_notes', 'user-1/agent-1/-', 'mcp-servers/demo', 'allowed'],
    ['notes', 'export_notes', 'user-1/agent-1/-', 'demo', 'allowed'],
    ['notes', 'list_notes', '-/-/-', 'demo', 'missing_identity'],
    ['notes', 'list_notes', 'user-1/agent-1/-', '-', 'missing_session'],
    ['notes', 'list_notes', 'user-1/agent-1/-', 'nope', 'session_not_found'],
    ['notes', 'list_notes', 'user-2/agent-1/-', 'demo', 'session_not_found'],
    ['notes', 'list_notes', 'user-1/agent-1/-', 'old', 'session_expired'],
    ['notes', 'list_notes', 'user-1/agent-1/-', 'gone', 'session_revoked'],
    ['notes', 'purge_notes', 'user-1/agent-1/-', 'demo', 'tool_denied'],
    ['notes', 'delete_note', 'user-1/agent-1/-', 'demo', 'side_effect_not_allowed'],
    ['everything', 'echo', 'user-2/agent-9/lab', '-', 'allowed'],
    ['everything', 'trigger-long-running-operation', '-/agent-9/lab', '-', 'trust_too_low'],
  ])('decides %s %s for %s with session %s: %s', (server, tool, caller, session, reason) => {
    const decision = decisionOn(server, tool, caller, session);
    expect([decision.reason, decision.disclosedReason]).toEqual([reason, reason]);
  });

  it('keeps its demo session for months, used or not', () => {
    const months = 90 * 86_400;
    const later = decisionOn('notes', 'add_note', 'user-1/agent-1/-', 'demo', NOW + months * 1_000);
    expect(later.reason).toBe('allowed');
    expect(compiled('notes').document.session.idleTimeoutSeconds).toBeGreaterThan(months);
  });

  // What no grant of a caller names looks as if it did not exist; audit has the true reason.
  it.each([
    ['notes', 'debug_dump', 'user-1/agent-1/-', 'demo', 'tool_not_granted'],
    ['everything', 'echo', 'user-2/agent-9/-', '-', 'no_matching_grant'],
    ['everything', 'toggle-simulated-logging', '-/agent-9/lab', '-', 'side_effect_not_allowed'],
    ['everything', 'get-env', '-/agent-9/lab', '-', 'tool_side_effect_unknown'],
  ])('hides %s %s from %s with session %s: %s', (server, tool, caller, session, reason) => {
    const decision = decisionOn(server, tool, caller, session);
    expect([decision.reason, decision.disclosedReason]).toEqual([reason, 'unknown_tool']);
  });
});
