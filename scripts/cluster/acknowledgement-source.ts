// Stands in for the distributors: says which policy each proxy enforces, as lines of JSON on a stream that the operator
// keeps open. By itself it acknowledges, for every ready pod with a proxy, the policy that the pod's ConfigMap holds; in
// a namespace that a test took into its own hands it says only what the test gives it.
import { once } from 'node:events';
import http from 'node:http';
import { gunzipSync } from 'node:zlib';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { LABELS, PLATFORM } from '#api/labels.ts';
import { listen } from '#runtime/process/http.ts';
import type { ApiClient } from '../engines/api-client.ts';

export const acknowledgement = z.object({
  podUid: z.string(),
  revision: z.string(),
  inputs: z.record(z.string(), z.string()),
  epoch: z.number(),
  auditDeliveredAt: z.string().optional(),
  auditDelayed: z.boolean().optional(),
  reachablePastProxy: z.boolean().optional(),
});

export const serverRef = z.object({ namespace: z.string(), name: z.string() });

export type Acknowledgement = z.output<typeof acknowledgement>;
export type ServerRef = z.output<typeof serverRef>;

const pods = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        namespace: z.string(),
        uid: z.string(),
        labels: z.record(z.string(), z.string()).optional(),
        deletionTimestamp: z.string().optional(),
      }),
      spec: z.object({ containers: z.array(z.object({ name: z.string() })) }),
      status: z.object({
        conditions: z.array(z.object({ type: z.string(), status: z.string() })).optional(),
      }),
    }),
  ),
});

const configMaps = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ namespace: z.string(), name: z.string() }),
      data: z.record(z.string(), z.string()).optional(),
      binaryData: z.record(z.string(), z.string()).optional(),
    }),
  ),
});

const policy = z.object({
  revision: z.string(),
  inputs: z.record(z.string(), z.string()),
  epoch: z.number(),
});

const SUFFIX = '-gateway-policy';
const everyMs = 500;

export class AcknowledgementSource {
  url = '';
  private readonly api: ApiClient;
  private readonly server = http.createServer((_request, response) => this.open(response));
  private readonly streams = new Set<http.ServerResponse>();
  private readonly manual = new Set<string>();
  /** The last set of each server, as it was sent. */
  private readonly sent = new Map<string, string>();
  /** What would be said by itself. */
  private automatic = new Map<string, readonly Acknowledgement[]>();
  /** When the audit of a pod first arrived; it stays, because a time that moves would be news. */
  private readonly delivered = new Map<string, string>();
  private readonly ending = new AbortController();
  private polling: Promise<void> = Promise.resolve();
  private away = false;

  constructor(api: ApiClient) {
    this.api = api;
  }

  async start(): Promise<void> {
    const port = await listen(this.server, { variable: 'acknowledgements', port: 0, host: '127.0.0.1' });
    this.url = `http://127.0.0.1:${port}`;
    this.polling = this.poll();
  }

  async stop(): Promise<void> {
    this.ending.abort();
    await this.polling;
    const closed = once(this.server, 'close');
    this.server.close();
    this.server.closeAllConnections();
    await closed;
  }

  setMode(namespace: string, mode: 'auto' | 'manual'): void {
    if (mode === 'manual') this.manual.add(namespace);
    else this.manual.delete(namespace);
    this.sayAutomatic();
  }

  /** The whole set of a server, in a namespace that is in the test's hands. */
  say(server: ServerRef, acknowledgements: readonly Acknowledgement[]): void {
    const key = `${server.namespace}/${server.name}`;
    const line = JSON.stringify({ server, acknowledgements });
    if (this.sent.get(key) === line) return;
    this.sent.set(key, line);
    for (const stream of this.streams) stream.write(`${line}\n`);
  }

  /** What it would say of a server by itself, now. */
  async wouldSay({ namespace, name }: ServerRef): Promise<readonly Acknowledgement[]> {
    await this.look();
    return this.automatic.get(`${namespace}/${name}`) ?? [];
  }

  /** While away it ends every stream and refuses new ones. */
  setAway(away: boolean): void {
    this.away = away;
    if (away) for (const stream of this.streams) stream.destroy();
  }

  private open(response: http.ServerResponse): void {
    if (this.away) {
      response.writeHead(503).end();
      return;
    }
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    for (const line of this.sent.values()) response.write(`${line}\n`);
    response.write('{"synced":true}\n');
    this.streams.add(response);
    response.once('close', () => this.streams.delete(response));
  }

  private async poll(): Promise<void> {
    for (let round = 0; !this.ending.signal.aborted; round += 1) {
      // The API server may be away, when a test has stopped it.
      await this.look().then(
        () => this.sayAutomatic(),
        () => undefined,
      );
      if (round % 10 === 0) for (const stream of this.streams) stream.write('\n');
      await sleep(everyMs, undefined, { signal: this.ending.signal }).catch(() => undefined);
    }
  }

  private sayAutomatic(): void {
    const servers = new Set([...this.sent.keys(), ...this.automatic.keys()]);
    for (const key of servers) {
      const [namespace = '', name = ''] = key.split('/');
      if (this.manual.has(namespace)) continue;
      this.say({ namespace, name }, this.automatic.get(key) ?? []);
    }
  }

  private async look(): Promise<void> {
    const labelled = `labelSelector=${encodeURIComponent(`${LABELS.managedBy}=${PLATFORM}`)}`;
    const maps = configMaps.parse(await this.api.json(`/api/v1/configmaps?${labelled}`));
    const found = pods.parse(await this.api.json(`/api/v1/pods?${labelled}`));
    const policies = new Map<string, z.output<typeof policy>>();
    for (const { metadata, data, binaryData } of maps.items) {
      if (!metadata.name.endsWith(SUFFIX)) continue;
      const read = readPolicy(data, binaryData);
      const name = metadata.name.slice(0, -SUFFIX.length);
      if (read !== undefined) policies.set(`${metadata.namespace}/${name}`, read);
    }
    const next = new Map<string, Acknowledgement[]>();
    for (const pod of found.items) {
      const key = `${pod.metadata.namespace}/${pod.metadata.labels?.[LABELS.app] ?? ''}`;
      const enforced = policies.get(key);
      if (enforced === undefined || !hasReadyProxy(pod)) continue;
      next.set(key, [...(next.get(key) ?? []), this.acknowledge(pod.metadata.uid, enforced)]);
    }
    this.automatic = next;
  }

  private acknowledge(podUid: string, enforced: z.output<typeof policy>): Acknowledgement {
    const auditDeliveredAt = this.delivered.get(podUid) ?? new Date().toISOString();
    this.delivered.set(podUid, auditDeliveredAt);
    return { podUid, ...enforced, auditDeliveredAt, auditDelayed: false, reachablePastProxy: false };
  }
}

function hasReadyProxy({ metadata, spec, status }: z.output<typeof pods>['items'][number]): boolean {
  if (metadata.deletionTimestamp !== undefined) return false;
  const isReady = status.conditions?.some((each) => each.type === 'Ready' && each.status === 'True') === true;
  return isReady && spec.containers.some(({ name }) => name === 'mcp-gateway');
}

function readPolicy(
  data: Readonly<Record<string, string>> = {},
  binaryData: Readonly<Record<string, string>> = {},
): z.output<typeof policy> | undefined {
  const packed = binaryData['policy.json.gz'];
  const text =
    packed === undefined ? data['policy.json'] : gunzipSync(Buffer.from(packed, 'base64')).toString();
  if (text === undefined) return undefined;
  const document: unknown = JSON.parse(text);
  return policy.safeParse(document).data;
}
