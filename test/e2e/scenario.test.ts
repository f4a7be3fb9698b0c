// The platform as a user has it: installed with kubectl, called through an Ingress and a Gateway with the official clients,
// in both eras. What is expected is what `npm start -- --check` expects on a laptop, case by case.
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { McpError } from '@modelcontextprotocol/sdk/types.js';
import { readTrail, type AuditTrail } from '#runtime/local/check/audit-trail.ts';
import { CASES } from '#runtime/local/check/cases.ts';
import { perform, type Stage } from '#runtime/local/check/perform.ts';
import { auditRow, decisionRow, type Performed } from '#runtime/local/check/rows.ts';
import { becomes, conditionLines } from '#test/cluster/harness/builders.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { at } from '#test/cluster/harness/objects.ts';
import { reach, serverUrl } from './harness/reach.ts';
import { sentinel } from './harness/sentinel.ts';

const NAMESPACE = 'mcp-servers';

/** What no client would send is for the proxy alone: an ingress refuses some of it by itself. */
const CLIENT_CASES = CASES.filter(({ kind }) => kind === 'client');

const stage: Stage = {
  url: serverUrl,
  fetch: reach,
  revoke: () => Promise.reject(new Error('nothing is revoked here')),
};

describe('the quickstart, in a cluster', () => {
  it.each(['notes', 'everything'])('%s says that it is ready, and what of it', async (name) => {
    const server = await cluster().must('MCPServer', name, NAMESPACE);
    expect(conditionLines(server, 'Ready', 'GatewayReady', 'PolicySynced', 'IngressReady')).toEqual([
      'Ready: True Observed',
      'GatewayReady: True Observed',
      'PolicySynced: True Observed',
      'IngressReady: True Observed',
    ]);
    expect(at(server, 'status')).toMatchObject({ gatewayReady: true, policyReady: true, ingressReady: true });
    expect(at(server, 'status', 'phase')).toBe('Ready');
  });

  it('says of each session and grant what it is worth', async () => {
    const sessions = await cluster().list('MCPAgentSession', NAMESPACE);
    const phases = sessions.map(({ metadata, ...session }) => [
      metadata.name,
      at(session, 'status', 'phase'),
    ]);
    expect(Object.fromEntries(phases)).toEqual({ demo: 'Active', old: 'Expired', gone: 'Revoked' });
    for (const grant of await cluster().list('MCPAccessGrant', NAMESPACE))
      expect(at(grant, 'status', 'phase')).toBe('Active');
  });

  it.each(['notes', 'everything'])('knows of its clients that audit events of %s arrive', async (name) => {
    const call = CLIENT_CASES.find(({ server }) => server === name);
    if (call !== undefined) await perform(call, stage);
    await becomes('MCPServer', NAMESPACE, name, (server) => conditionLines(server, 'AuditDelivering'), [
      'AuditDelivering: True Observed',
    ]);
  });
});

describe('calls through the ingress', () => {
  const performed: Performed[] = [];
  let trail: AuditTrail;

  beforeAll(async () => {
    for (const checked of CLIENT_CASES) performed.push({ checked, observed: await perform(checked, stage) });
    const wanted = performed.map(
      ({ checked, observed }) => [observed.traceId, checked.audit.length] as const,
    );
    trail = await readTrail(await sentinel(), new Map(wanted), 90_000);
  });

  it.each(CLIENT_CASES.map(({ name }, index) => [name, index] as const))('%s', (_name, index) => {
    const one = performed[index];
    if (one === undefined) throw new Error('the case was not made');
    const { expected, got } = decisionRow(one);
    expect(got).toBe(expected);
    expect(auditRow(one, trail).details).toEqual([]);
  });

  it('leave a record without a gap, an edit, or anything twice', () => {
    expect(trail.size).toBeGreaterThan(CLIENT_CASES.length);
    expect(trail.problems()).toEqual([]);
  });
});

describe('the official client of version 1', () => {
  it('lists, calls, and is told why it may not', async () => {
    const headers = {
      'X-MCP-Human-ID': 'user-1',
      'X-MCP-Agent-ID': 'agent-1',
      'X-MCP-Agent-Session': 'demo',
    };
    const client = new ClientV1({ name: 'e2e-v1', version: '1.0.0' });
    await client.connect(
      new TransportV1(new URL(serverUrl('notes')), { requestInit: { headers }, fetch: reach }),
    );
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name).sort()).toEqual([
      'add_note',
      'export_notes',
      'list_notes',
      'read_note',
      'whoami',
    ]);
    const called = await client.callTool({ name: 'read_note', arguments: { id: 'note-1' } });
    expect(JSON.stringify(called.content)).toContain('Welcome');
    const refused: unknown = await client
      .callTool({ name: 'delete_note', arguments: { id: 'note-1' } })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(McpError);
    expect(refused).toMatchObject({ data: { reason: 'side_effect_not_allowed' } });
    await client.close();
  });
});
