// What attacks have in common: bytes that no client would send, one answer, nothing behind, and a record of it.
import { expect } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import type { AuditPayload } from '#api/audit-event.ts';
import { PING, exchangeBytes, rawRequest, reasonOf, statusOf, type RawRequest } from '../harness/raw.ts';
import type { World } from '../harness/world.ts';

export interface Attempt {
  readonly what: string;
  readonly send: RawRequest | string;
  /** Status and reason that the attacker sees. */
  readonly answer: readonly [status: number, reason: string];
  /** The reason on record, where it tells more. */
  readonly recorded?: string;
}

/** Every attempt is refused as it says, reaches nothing, and is on record as a denial. */
export async function expectRefused(world: World, attempts: readonly Attempt[]): Promise<void> {
  const reached = world.received.length;
  const seen: unknown[] = [];
  const records = await recordsOf(world, async () => {
    for (const { what, send } of attempts) {
      const answer = await exchangeBytes(
        world.proxy.port,
        typeof send === 'string' ? send : rawRequest(send),
      );
      seen.push({ what, answer: [statusOf(answer), reasonOf(answer)] });
    }
  });
  expect(seen).toEqual(attempts.map(({ what, answer }) => ({ what, answer: [...answer] })));
  expect(records.map(({ decision, reason }) => [decision, reason])).toEqual(
    attempts.map(({ answer, recorded }) => ['deny', recorded ?? answer[1]]),
  );
  expect(world.received.slice(reached)).toEqual([]);
}

/** What was recorded while something happened, and nothing else. */
export async function recordsOf(world: World, act: () => Promise<unknown>): Promise<AuditPayload[]> {
  const from = await mark(world);
  await act();
  const to = await mark(world);
  return world.ingest.events.slice(from + 1, to).map(({ payload }) => payload);
}

/** Position of an event that everything recorded before precedes. */
async function mark(world: World): Promise<number> {
  const trace = randomBytes(16).toString('hex');
  const headers = ['Origin: null', `traceparent: 00-${trace}-00f067aa0ba902b7-01`];
  await exchangeBytes(world.proxy.port, rawRequest({ headers }));
  const find = (): number => world.ingest.events.findIndex(({ trace_id }) => trace_id === trace);
  await world.until(() => find() !== -1);
  return find();
}

/** A request with a body of its own; what is no ASCII goes as UTF-8. */
export function rawBody(body: string, headers: readonly string[] = []): RawRequest {
  return { body: Buffer.from(body).toString('latin1'), headers };
}

/** How many answers a connection gave until it was closed. */
export async function answersTo(world: World, bytes: string): Promise<number> {
  const received = await exchangeBytes(world.proxy.port, bytes, Infinity);
  return received.match(/HTTP\/1\.1 /g)?.length ?? 0;
}

/** A second request, for behind one whose end two readers could see in two places. */
export const SMUGGLED = rawRequest({ line: 'POST /smuggled HTTP/1.1', body: PING.replace('1', '2') });

export const MODERN = '2026-07-28';

/** A modern call of a tool, and the headers that have to say the same. */
export function modernCall(name: string, args: object = {}) {
  const _meta = { 'io.modelcontextprotocol/protocolVersion': MODERN };
  const message = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args, _meta } };
  const headers = [`MCP-Protocol-Version: ${MODERN}`, 'Mcp-Method: tools/call', `Mcp-Name: ${name}`];
  return { message, body: JSON.stringify(message), headers };
}

export const base64Value = (text: string | Buffer): string =>
  `=?base64?${Buffer.from(text).toString('base64')}?=`;
