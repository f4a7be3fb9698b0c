// The sentinel of the cluster, as its API shows it to whoever has the token.
import type { z } from 'zod';
import { SENTINEL_PORTS } from '#api/sentinel-config.ts';
import { NAMESPACES } from '#api/names.ts';
import type { TrailSource } from '#runtime/local/check/audit-trail.ts';
import { API_TOKEN_SECRET } from '#scripts/node/platform/program.ts';
import { cluster } from '#test/cluster/harness/cluster.ts';
import { at } from '#test/cluster/harness/objects.ts';
import { nameOf, reach } from './reach.ts';

export async function sentinel(): Promise<Required<TrailSource>> {
  const secret = await cluster().must('Secret', API_TOKEN_SECRET.name, NAMESPACES.sentinel);
  const encoded = String(at(secret, 'data', API_TOKEN_SECRET.key));
  const name = await nameOf('mcp-sentinel', NAMESPACES.sentinel);
  return {
    url: `http://${name}:${SENTINEL_PORTS.api}`,
    token: Buffer.from(encoded, 'base64').toString('utf8'),
    fetch: reach,
  };
}

/** An answer of its API. Throws where that refuses. */
export async function askSentinel<T>(path: string, answer: z.ZodType<T>, method = 'GET'): Promise<T> {
  const { url, token, fetch: ask } = await sentinel();
  const response = await ask(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(10_000),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}: ${text}`);
  return answer.parse(JSON.parse(text));
}
