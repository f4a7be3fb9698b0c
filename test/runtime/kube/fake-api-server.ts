// An API server in memory, over real HTTP: objects of the kinds it is told to serve, lists in pages, watches with
// bookmarks, server-side apply in small (see field-sets), and faults on demand. It authenticates nobody, checks no
// schema, adds no defaults, and keeps status apart from the rest as a status subresource does.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { JsonRecord } from '#runtime/kube/json.ts';
import { isKubeObject, listOf, parseJson, recordOf, textOf } from '#runtime/kube/json.ts';
import type { KubeConnection } from '#runtime/kube/kubeconfig.ts';
import {
  apiVersionOf,
  keyOf,
  type KubeObject,
  type ObjectKey,
  type ResourceType,
} from '#runtime/kube/object.ts';
import { applied, updated } from './fake-managers.ts';
import { Collection, matchesFields, matchesLabels, type Change } from './fake-objects.ts';

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: unknown;
}

/** `hang`: no answer until the client gives up. `cut`: the connection is closed. Else that answer. */
export type Fault =
  'hang' | 'cut' | { readonly status: number; readonly body?: unknown; readonly retryAfter?: number };

interface Target {
  readonly collection: Collection;
  readonly key: ObjectKey;
  readonly one: boolean;
  readonly subresource: string;
}

class Refusal extends Error {
  readonly status: number;
  readonly body: JsonRecord;

  constructor(status: number, reason: string, message: string, details: JsonRecord = {}) {
    super(message);
    this.status = status;
    this.body = {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      reason,
      message,
      details,
      code: status,
    };
  }
}

export class FakeApiServer {
  /** What came in, in order, refused or not. */
  readonly requests: FakeRequest[] = [];
  /** Decides what goes wrong; asked before everything else. */
  fault: ((request: FakeRequest) => Fault | undefined) | undefined;
  /** Sends nothing more over open watches, without ending them. */
  silent = false;

  private readonly collections = new Map<string, Collection>();
  private readonly watches = new Map<ServerResponse, Collection>();
  private readonly server: Server;
  private version = 100;

  private constructor() {
    this.server = createServer((request, response) => void this.serve(request, response));
  }

  /** Serves the kinds on a free port of this machine. */
  static async start(types: readonly ResourceType[]): Promise<FakeApiServer> {
    const fake = new FakeApiServer();
    for (const type of types) fake.addType(type);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    fake.server.listen(0, '127.0.0.1', () => resolve(undefined));
    await promise;
    return fake;
  }

  get connection(): KubeConnection {
    const address = this.server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const token = (): Promise<string> => Promise.resolve('fake-token');
    return { server: new URL(`http://127.0.0.1:${port}`), skipTlsVerify: false, token };
  }

  /** Requests that may change something, as `PATCH /apis/apps/v1/namespaces/team/deployments/files`. */
  get writes(): readonly string[] {
    const writing = this.requests.filter(({ method, query }) => method !== 'GET' && !query.has('dryRun'));
    return writing.map(({ method, path }) => `${method} ${path}`);
  }

  get openWatches(): number {
    return this.watches.size;
  }

  addType(type: ResourceType): void {
    const path = `${apiVersionOf(type)}/${type.resource}`;
    this.collections.set(path, new Collection(type, () => (this.version += 1)));
  }

  removeType(type: ResourceType): void {
    this.collections.delete(`${apiVersionOf(type)}/${type.resource}`);
  }

  objects(type: ResourceType): readonly KubeObject[] {
    return [...this.collection(type).objects.values()];
  }

  get(type: ResourceType, key: ObjectKey): KubeObject | undefined {
    return this.collection(type).get(key);
  }

  /** Writes the object as it is, status too, as some other program's update. */
  put(type: ResourceType, object: KubeObject, manager = 'somebody'): KubeObject {
    const collection = this.collection(type);
    const before = collection.get(keyOf(object));
    return collection.write(keyOf(object), updated(before, object, { manager, subresource: '' }));
  }

  remove(type: ResourceType, key: ObjectKey): void {
    this.collection(type).delete(key);
  }

  /** Forgets the past: whoever watches from an older version has to list again. */
  compact(): void {
    for (const collection of this.collections.values()) collection.compact(this.version);
  }

  /** Tells every watch of the current version, which goes up, as other kinds' writes make it. */
  bookmark(): void {
    this.version += 1;
    const metadata = { resourceVersion: String(this.version) };
    for (const [response, { type }] of this.watches) {
      this.tell(response, {
        type: 'BOOKMARK',
        object: { kind: type.kind, apiVersion: apiVersionOf(type), metadata },
      });
    }
  }

  /** Ends every watch: in order, as after their time, or by closing the connection. */
  endWatches(how: 'in order' | 'cut'): void {
    for (const response of this.watches.keys()) {
      if (how === 'cut') response.destroy();
      else response.end();
    }
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.server.close(() => resolve(undefined));
    this.server.closeAllConnections();
    await promise;
  }

  private collection(type: ResourceType): Collection {
    const found = this.collections.get(`${apiVersionOf(type)}/${type.resource}`);
    if (found === undefined) throw new Error(`The fake API server does not serve ${type.kind}.`);
    return found;
  }

  private async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', 'http://fake');
    const chunks: Uint8Array[] = [];
    for await (const chunk of incoming) if (chunk instanceof Uint8Array) chunks.push(chunk);
    const request: FakeRequest = {
      method: incoming.method ?? 'GET',
      path: url.pathname,
      query: url.searchParams,
      headers: incoming.headers,
      body: parseJson(Buffer.concat(chunks).toString()),
    };
    this.requests.push(request);
    const fault = this.fault?.(request);
    if (fault === 'hang') return;
    if (fault === 'cut') return void response.destroy();
    try {
      if (fault !== undefined) {
        if (fault.retryAfter !== undefined) response.setHeader('retry-after', String(fault.retryAfter));
        answer(response, fault.status, fault.body ?? '');
        return;
      }
      const target = this.target(request.path);
      if (request.query.get('watch') === 'true') this.watch(request, target, response);
      else answer(response, request.method === 'POST' ? 201 : 200, this.handle(request, target));
    } catch (error) {
      if (error instanceof Refusal) answer(response, error.status, error.body);
      else answer(response, 500, String(error));
    }
  }

  private target(path: string): Target {
    const [, root, ...rest] = path.split('/').map(decodeURIComponent);
    const version = root === 'api' ? rest.shift() : `${rest.shift() ?? ''}/${rest.shift() ?? ''}`;
    const isInside = rest[0] === 'namespaces' && rest.length > 2;
    const namespace = isInside ? rest[1] : undefined;
    const [resource = '', name, subresource = ''] = isInside ? rest.slice(2) : rest;
    const collection = this.collections.get(`${version ?? ''}/${resource}`);
    if (collection === undefined) throw new Refusal(404, 'NotFound', '404 page not found');
    return { collection, key: { namespace, name: name ?? '' }, one: name !== undefined, subresource };
  }

  private handle(request: FakeRequest, target: Target): unknown {
    switch (request.method) {
      case 'GET':
        return target.one ? existing(target) : this.page(request, target);
      case 'POST':
        return this.create(request, target);
      case 'PUT':
        return this.replace(request, target, objectIn(request.body));
      case 'PATCH':
        return this.patch(request, target);
      case 'DELETE':
        return this.delete(request, target);
      default:
        throw new Refusal(
          405,
          'MethodNotAllowed',
          'the server does not allow this method on the requested resource',
        );
    }
  }

  private page(request: FakeRequest, { collection, key }: Target): unknown {
    const { query } = request;
    const [from, version] = (query.get('continue') ?? `0@${this.version}`).split('@').map(Number);
    if ((version ?? 0) < collection.compactedTo)
      throw new Refusal(410, 'Expired', 'The provided continue parameter is too old');
    const all = [...collection.objects.values()].filter((object) => isSelected(object, key.namespace, query));
    const start = from ?? 0;
    const end = start + Number(query.get('limit') ?? all.length);
    // Items of built-in kinds come without their kind, as from a real server.
    const items = all.slice(start, end).map(({ apiVersion: _a, kind: _k, ...item }) => item);
    const next = end < all.length ? { continue: `${end}@${version ?? 0}` } : {};
    const { type } = collection;
    return {
      apiVersion: apiVersionOf(type),
      kind: `${type.kind}List`,
      metadata: { resourceVersion: String(version), ...next },
      items,
    };
  }

  private create({ body, query }: FakeRequest, { collection, key }: Target): KubeObject {
    const given = objectIn(body);
    const place = { namespace: key.namespace, name: given.metadata.name };
    if (collection.get(place) !== undefined) {
      const message = `${collection.type.resource} "${place.name}" already exists`;
      throw new Refusal(409, 'AlreadyExists', message, { name: place.name });
    }
    const object = { ...given, status: undefined };
    return collection.write(
      place,
      updated(undefined, object, { manager: managerOf(query), subresource: '' }),
    );
  }

  private replace({ query }: FakeRequest, target: Target, given: KubeObject): KubeObject {
    const { collection, key, subresource } = target;
    const before = existing(target);
    const seen = given.metadata.resourceVersion;
    if (seen !== undefined && seen !== before.metadata.resourceVersion) {
      const message = `Operation cannot be fulfilled on ${collection.type.resource} "${key.name}": the object has been modified`;
      throw new Refusal(409, 'Conflict', message, { name: key.name });
    }
    const after =
      subresource === 'status' ? { ...before, status: given.status } : { ...given, status: before.status };
    return collection.write(key, updated(before, after, { manager: managerOf(query), subresource }));
  }

  private patch(request: FakeRequest, target: Target): KubeObject {
    const { query, body, headers } = request;
    if (headers['content-type'] === 'application/apply-patch+yaml') return this.apply(request, target);
    const before = existing(target);
    const isMerge = headers['content-type'] === 'application/merge-patch+json';
    const patched = isMerge ? mergePatched(before, body) : jsonPatched(before, body);
    return this.replace({ ...request, query }, target, objectIn(patched));
  }

  private apply({ query, body }: FakeRequest, { collection, key, subresource }: Target): KubeObject {
    const by = { manager: managerOf(query), force: query.get('force') === 'true', subresource };
    const live = collection.get(key);
    const { apiVersion, kind, metadata, status, ...rest } = objectIn(body);
    const part = subresource === 'status' ? { status } : rest;
    const result = applied(live, { apiVersion, kind, metadata, ...part }, by);
    if (!result.ok)
      throw new Refusal(409, 'Conflict', `Apply failed with conflicts: ${result.conflicts.join(', ')}`, {
        name: key.name,
      });
    return query.has('dryRun') ? result.object : collection.write(key, result.object);
  }

  private delete({ body }: FakeRequest, target: Target): unknown {
    const { collection, key } = target;
    const { uid, resourceVersion } = existing(target).metadata;
    const wanted = recordOf(recordOf(body).preconditions);
    for (const [name, is] of Object.entries({ UID: uid, ResourceVersion: resourceVersion })) {
      const seen = wanted[name === 'UID' ? 'uid' : 'resourceVersion'];
      if (seen === undefined || seen === is) continue;
      throw new Refusal(
        409,
        'Conflict',
        `the ${name} in the precondition does not match the ${name} in record`,
        { name: key.name },
      );
    }
    return collection.delete(key);
  }

  private watch({ query }: FakeRequest, { collection, key }: Target, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion') ?? 0);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (from < collection.compactedTo) {
      const object = {
        kind: 'Status',
        code: 410,
        reason: 'Expired',
        message: `too old resource version: ${from}`,
      };
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return;
    }
    const send = ({ version, type, object }: Change): void => {
      if (version > from && isSelected(object, key.namespace, query)) this.tell(response, { type, object });
    };
    for (const change of collection.history) send(change);
    collection.listeners.add(send);
    this.watches.set(response, collection);
    response.on('close', () => {
      collection.listeners.delete(send);
      this.watches.delete(response);
    });
  }

  private tell(response: ServerResponse, event: unknown): void {
    if (!this.silent && !response.writableEnded) response.write(`${JSON.stringify(event)}\n`);
  }
}

function answer(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': typeof body === 'string' ? 'text/plain' : 'application/json',
  });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

function existing({ collection, key }: Target): KubeObject {
  const found = collection.get(key);
  if (found !== undefined) return found;
  throw new Refusal(404, 'NotFound', `${collection.type.resource} "${key.name}" not found`, {
    name: key.name,
  });
}

function objectIn(body: unknown): KubeObject {
  if (isKubeObject(body)) return body;
  throw new Refusal(400, 'BadRequest', 'the body is no object of the API');
}

const managerOf = (query: URLSearchParams): string => query.get('fieldManager') ?? 'unknown';

function isSelected(object: KubeObject, namespace: string | undefined, query: URLSearchParams): boolean {
  const labels = query.get('labelSelector');
  const fields = query.get('fieldSelector');
  return (
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (labels === null || matchesLabels(object, labels)) &&
    (fields === null || matchesFields(object, fields))
  );
}

function mergePatched(before: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged: Record<string, unknown> = { ...recordOf(before) };
  for (const [name, value] of Object.entries(patch)) {
    merged[name] = value === null ? undefined : mergePatched(merged[name], value);
  }
  return merged;
}

/** `add` and `replace` of members, which is what is sent; a list is only ever replaced as a whole. */
function jsonPatched(before: unknown, patch: unknown): unknown {
  return listOf(patch).reduce((object, operation) => {
    const { path, value } = recordOf(operation);
    const names = (textOf(path) ?? '').split('/').slice(1);
    return withMember(
      object,
      names.map((name) => name.replaceAll('~1', '/').replaceAll('~0', '~')),
      value,
    );
  }, before);
}

function withMember(object: unknown, [name, ...rest]: readonly string[], value: unknown): unknown {
  if (name === undefined) return value;
  const members = recordOf(object);
  return { ...members, [name]: withMember(members[name], rest, value) };
}
