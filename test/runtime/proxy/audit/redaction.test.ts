// What a server asks its proxy not to record as it is, and the digest of arguments.
import { afterEach, describe, expect, it } from '@jest/globals';
import { createHmac, hkdfSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { REDACTABLE_FIELDS, auditEvent, type AuditPayload } from '#api/audit-event.ts';
import { parseGatewayKeys } from '#api/gateway-keys.ts';
import type { PolicyContent } from '#policy/document.ts';
import { decisionRecordOf } from '#runtime/sentinel/api/decision-record.ts';
import { readEvents } from '#runtime/sentinel/ingest/read-events.ts';
import { USER_1, USER_2, policyContent } from '../harness/policy.ts';
import { World } from '../harness/world.ts';

let world: World;
afterEach(() => world.close());

const recording = (audit: Partial<PolicyContent['audit']>): Partial<PolicyContent> => ({
  requires: ['redaction', 'arguments-digest'],
  audit: { ...policyContent().audit, ...audit },
});

const SESSION = { 'x-mcp-agent-session': 'team-a/live' };
const initialize = {
  jsonrpc: '2.0',
  id: 'my-id',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', clientInfo: { name: 'my-client', version: '1' } },
};

/** The key that the proxy of this world derives for digests. */
async function digestKey(): Promise<{ readonly id: string; readonly key: Buffer }> {
  const text = await readFile(path.join(world.folder, 'state/keys.json'), 'utf8');
  const [own] = parseGatewayKeys(text, 'keys.json').keys;
  if (own === undefined) throw new Error('the proxy has no key');
  const secret = Buffer.from(own.secret, 'base64url');
  return { id: own.id, key: Buffer.from(hkdfSync('sha256', secret, '', 'mcp-runtime digest', 32)) };
}

async function hmac(text: string): Promise<string> {
  return createHmac('sha256', (await digestKey()).key)
    .update(text)
    .digest('hex');
}

async function eventOf(headers: Readonly<Record<string, string>> = {}): Promise<AuditPayload> {
  const before = world.ingest.events.length;
  await world.post(initialize, { ...USER_1, ...SESSION, ...headers });
  const payload = (await world.audit(before + 1))[before];
  if (payload === undefined) throw new Error('nothing was recorded');
  return payload;
}

describe('a redacted field', () => {
  it('that names somebody is a pseudonym, made with the key of the server', async () => {
    world = await World.start({ policy: recording({ redact: ['human_id', 'agent_id', 'session_id'] }) });
    const payload = await eventOf({ 'x-mcp-team-id': 'ops' });
    const { id } = await digestKey();
    const pseudonym = async (text: string) => `${id}:${(await hmac(text)).slice(0, 16)}`;
    expect(payload).toMatchObject({
      human_id: await pseudonym('human_id\0user-1'),
      agent_id: await pseudonym('agent_id\0agent-1'),
      session_id: await pseudonym('session_id\0team-a/live'),
      subject_team_id: 'ops',
    });
    expect(payload).not.toHaveProperty('matched_session');
    expect(payload).not.toHaveProperty('matched_session_namespace');
  });

  it('tells the events of one caller from those of another', async () => {
    world = await World.start({ policy: recording({ redact: ['human_id'] }) });
    const [one, same, other] = [
      await eventOf(),
      await eventOf(),
      await eventOf({ 'x-mcp-human-id': 'user-2' }),
    ];
    expect(one.human_id).toBe(same.human_id);
    expect(one.human_id).not.toBe(other.human_id);
  });

  it.each(REDACTABLE_FIELDS)('leaves nothing of itself: %s', async (field) => {
    world = await World.start({ policy: recording({ redact: [field] }) });
    const payload = await eventOf({ 'x-mcp-team-id': 'my-team' });
    const plain: Readonly<Record<string, string>> = {
      human_id: 'user-1',
      agent_id: 'agent-1',
      subject_team_id: 'my-team',
      session_id: 'live',
      client: 'my-client',
      client_ip: '127.0.0.1',
      path: '/mcp',
      rpc_id: 'my-id',
    };
    for (const [name, value] of Object.entries(plain)) {
      if (name === field) expect(JSON.stringify(payload)).not.toContain(value);
      else expect(JSON.stringify(payload)).toContain(value);
    }
  });

  it('is redacted in what was refused before anybody was known, and in every event of a call', async () => {
    world = await World.start({
      policy: recording({ redact: ['client_ip', 'path', 'human_id'] }),
      upstream: (request, response) => {
        request.resume();
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: {"jsonrpc":"2.0","id":"ask","method":"elicitation/create"}\n\n');
        response.end('data: {"jsonrpc":"2.0","id":1,"result":{}}\n\n');
      },
    });
    await world.call('delete_note', USER_2);
    await world.send('PATCH', '', USER_1);
    await world.send('POST', '{', { ...USER_1, 'content-type': 'application/json', origin: 'null' });
    const events = await world.audit(5);
    expect(new Set(events.map(({ kind }) => kind))).toEqual(
      new Set(['request', 'server_request', 'refused']),
    );
    const text = JSON.stringify(events);
    expect(text).not.toMatch(/127\.0\.0\.1|\/mcp"|user-[12]/);
  });

  it('is every one that may be where no policy says which', async () => {
    world = await World.start({ policyText: undefined });
    expect((await world.call('read_note')).json.error?.data?.reason).toBe('policy_unavailable');
    const [event] = await world.audit(1);
    expect(JSON.stringify(event)).not.toMatch(/127\.0\.0\.1|\/mcp"/);
  });

  it('leaves an event that ingest takes and people can read', async () => {
    world = await World.start({ policy: recording({ redact: [...REDACTABLE_FIELDS], arguments: 'digest' }) });
    await world.call('read_note', { ...USER_1, ...SESSION }, { id: 1 });
    await world.audit(1);
    const [line = ''] = world.ingest.lines;
    const server = { namespace: 'team-a', server: 'notes' };
    expect(readEvents(Buffer.from(`[${line}]`), server)).toMatchObject({ ok: true, count: 1 });
    const event = auditEvent.parse(JSON.parse(line));
    expect(decisionRecordOf(event)).toMatchObject({
      tool: 'read_note',
      path: '',
      caller: { humanId: event.payload.human_id, assurance: 'asserted' },
    });
  });

  it('is as it is where the server asks for nothing', async () => {
    world = await World.start();
    expect(await eventOf()).toMatchObject({
      human_id: 'user-1',
      session_id: 'team-a/live',
      client: 'my-client/1',
      client_ip: '127.0.0.1',
      path: '/mcp',
      rpc_id: '"my-id"',
    });
  });
});

describe('a digest of arguments', () => {
  const call = (args: string) =>
    world.post(
      `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"delete_note","arguments":${args}}}`,
    );

  it('is of the bytes as they were sent, the same in every event of a call', async () => {
    world = await World.start({ policy: recording({ arguments: 'digest' }) });
    const args = '{ "id": "n-1",\t"why":"\\u00e9"}';
    await call(args);
    const { id } = await digestKey();
    const expected = `${id}:${await hmac(args)}`;
    expect((await world.audit(2)).map(({ phase, arguments_digest }) => [phase, arguments_digest])).toEqual([
      ['decided', expected],
      ['finished', expected],
    ]);
  });

  it('is there for what was denied, and not where there were no arguments', async () => {
    world = await World.start({ policy: recording({ arguments: 'digest' }) });
    await world.call('secret', USER_1, { id: 1 });
    await world.post({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'read_note' } });
    const [denied, without] = await world.audit(2);
    expect(denied).toMatchObject({
      decision: 'deny',
      arguments_digest: expect.stringMatching(/^own:[0-9a-f]{64}$/),
    });
    expect(without).not.toHaveProperty('arguments_digest');
  });

  it('is not made where the server asks for none', async () => {
    world = await World.start({ policy: recording({ arguments: 'none' }) });
    await call('{"id":1}');
    for (const event of await world.audit(2)) expect(event).not.toHaveProperty('arguments_digest');
  });
});
