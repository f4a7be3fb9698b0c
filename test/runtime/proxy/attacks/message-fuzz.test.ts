import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { z } from 'zod';
import { ClientMessageReader } from '#runtime/proxy/json/client-message.ts';
import { idKey } from '#runtime/proxy/json/rpc-id.ts';
import { readReference } from '../json/reference.ts';
import { World } from '../harness/world.ts';
import { recordsOf } from './attempts.ts';
import { hostileBody } from './hostile-message.ts';
import { postBytes } from './post-bytes.ts';

/** The same bodies in every run; another number looks elsewhere. */
const SEED = 20_261_125;

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.close());

const CALLABLE = new Set(['list_notes', 'read_note', 'export_notes', 'delete_note']);
const OPEN = new Set(['initialize', 'server/discover', 'ping', 'tools/list', 'notifications/initialized']);

const seenByServer = z.looseObject({
  jsonrpc: z.literal('2.0'),
  id: z.union([z.string(), z.number()]).optional(),
  method: z.string(),
  params: z.looseObject({ name: z.string().optional(), _meta: z.looseObject({}).optional() }).optional(),
});

/** What an ordinary parser makes of the bytes that arrived. */
function readAsServer(bytes: Buffer) {
  const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  const { duplicate, depth } = readReference(text);
  return { message: seenByServer.parse(JSON.parse(text)), duplicate, depth };
}

/** Keys that a reader without regard to case would take for another member of the same object. */
function confusable(object: object, members: readonly string[]): string[] {
  return Object.keys(object).filter((key) => !members.includes(key) && members.includes(key.toLowerCase()));
}

const ENVELOPE = ['jsonrpc', 'id', 'method', 'params', 'result', 'error'];
const PARAMS = ['name', 'arguments', '_meta', 'uri', 'cursor'];

describe('whatever a caller sends', () => {
  it(`the server sees what was authorised, in the bytes that were sent, or nothing (seed ${SEED})`, async () => {
    const reader = new ClientMessageReader();
    const passed: { method: string; tool: string | undefined }[] = [];
    let refused = 0;
    const records = await recordsOf(world, () =>
      fc.assert(
        fc.asyncProperty(hostileBody, async (body) => {
          const before = world.received.length;
          const { status, reason } = await postBytes(world.proxy.port, body);
          const arrived = world.received.slice(before);
          if (arrived.length === 0) {
            expect(reason !== undefined || status === 202).toBe(true);
            refused += 1;
            return;
          }
          expect(arrived).toHaveLength(1);
          const [request] = arrived;
          expect(request?.bytes.equals(body)).toBe(true);
          const { message, duplicate, depth } = readAsServer(request?.bytes ?? Buffer.alloc(0));
          const { method, params } = message;
          expect(duplicate).toBe(false);
          expect(depth).toBeLessThanOrEqual(64);
          expect([...confusable(message, ENVELOPE), ...confusable(params ?? {}, PARAMS)]).toEqual([]);
          expect([message, params ?? {}].some((object) => Object.hasOwn(object, '__proto__'))).toBe(false);
          const tool = method === 'tools/call' ? params?.name : undefined;
          expect(method === 'tools/call' ? CALLABLE.has(tool ?? '') : OPEN.has(method)).toBe(true);
          const authorised = reader.read(body);
          if (!authorised.ok) throw new Error('what was refused arrived');
          expect(authorised.message.method).toBe(method);
          expect(authorised.message.name).toBe(params?.name);
          const { id } = authorised.message;
          expect(id === undefined ? undefined : idKey(id)).toBe(
            message.id === undefined ? undefined : JSON.stringify(message.id),
          );
          passed.push({ method, tool });
        }),
        { seed: SEED, numRuns: 800 },
      ),
    );
    // The property says nothing where everything is refused, or nothing is.
    expect(passed.length).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
    const allowed = records.filter(({ decision, phase }) => decision === 'allow' && phase !== 'decided');
    expect(allowed.map(({ rpc_method, tool_name }) => ({ method: rpc_method, tool: tool_name }))).toEqual(
      passed,
    );
    expect(
      records.filter(({ kind }) => kind !== 'request' && kind !== 'notification' && kind !== 'refused'),
    ).toEqual([]);
  });
});
