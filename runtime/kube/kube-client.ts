// The API server over HTTP: what `Kube` promises, and what reflectors need beside it (pages and watches). Every write
// asks for strict field validation, so that a field which the server doesn't know is refused, not dropped. It retries
// nothing that was answered; whoever asked has a queue with back-off for that.
import {
  isKubeError,
  type ApplyOptions,
  type DeleteOptions,
  type Kube,
  type ListOptions,
  type PatchOptions,
} from './kube.ts';
import {
  isKubeObject,
  isRecord,
  listItem,
  listOf,
  parseJson,
  recordOf,
  textOf,
  type JsonRecord,
} from './json.ts';
import { asked, eventOf, raise, requestOf, type Call, type WatchEvent } from './kube-call.ts';
import { refusalError } from './kube-error.ts';
import type { KubeConnection } from './kubeconfig.ts';
import { keyOf, type KubeObject, type ObjectKey, type ResourceType } from './object.ts';
import type { Query } from './paths.ts';
import { Transport, type HttpRequest, type TransportOptions } from './transport.ts';

/** One request that has ended; `status` is 0 where there was no answer. */
export interface RequestObservation {
  /** As RBAC names it: get, list, watch, create, update, patch, delete; apply for server-side apply. */
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly subresource: string | undefined;
  readonly status: number;
  /** Until the answer was read; for a watch until it ended. */
  readonly ms: number;
}

export interface KubeClientOptions extends TransportOptions {
  /** Field manager of what is created and replaced; the server takes the user agent's first word where absent. */
  readonly manager?: string;
  readonly onRequest?: (observation: RequestObservation) => void;
}

export interface ListPage {
  readonly items: readonly KubeObject[];
  /** Of the list as a whole: where a watch goes on. */
  readonly resourceVersion: string;
}

export interface WatchOptions extends ListOptions {
  readonly resourceVersion: string;
  /** When the server ends the watch. */
  readonly timeoutSeconds?: number;
}

/** Objects of one answer: as text and as objects at once, a page takes several times what is kept of it. */
const PAGE = 100;
/** In the words of older servers, and of newer ones. */
const UID_PRECONDITION = /UID in (the )?precondition/;
const STRICT = { fieldValidation: 'Strict' };
const CONTENT_TYPES = { merge: 'application/merge-patch+json', json: 'application/json-patch+json' };

/** Throws `KubeError`; where a signal fired, its reason. */
export class KubeClient implements Kube {
  private readonly transport: Transport;
  private readonly options: KubeClientOptions;
  private readonly written: Query;
  private readonly mayWrite: (() => boolean) | undefined;

  /**
   * @param to where the API server is, or connections to it that another client has too
   * @param mayWrite see `fenced`
   */
  constructor(to: KubeConnection | Transport, options: KubeClientOptions = {}, mayWrite?: () => boolean) {
    this.transport = to instanceof Transport ? to : new Transport(to, options);
    this.options = options;
    this.written = { ...STRICT, fieldManager: options.manager };
    this.mayWrite = mayWrite;
  }

  /**
   * The same client over the same connections, for whoever may write only while it holds a lease. A process that was
   * frozen wakes with timers that are due and requests half made, before it finds its lease gone. So `mayWrite` is asked
   * when a write could leave, after all that it waited for; where it says no, the write is `unavailable` and nothing was
   * sent. A process may still be frozen between that and the network: what is written has to be safe anyway.
   */
  fenced(mayWrite: () => boolean): Kube {
    return new KubeClient(this.transport, this.options, mayWrite);
  }

  async get(type: ResourceType, key: ObjectKey, signal?: AbortSignal): Promise<KubeObject | undefined> {
    try {
      return await this.object({ verb: 'get', type, key, method: 'GET' }, signal);
    } catch (error) {
      if (isKubeError(error, 'not_found')) return undefined;
      throw error;
    }
  }

  async list(
    type: ResourceType,
    options: ListOptions = {},
    signal?: AbortSignal,
  ): Promise<readonly KubeObject[]> {
    try {
      return await collected(this.pages(type, options, signal));
    } catch (error) {
      // The snapshot that the pages are of has gone while they were read.
      if (!isKubeError(error, 'gone')) throw error;
      return collected(this.pages(type, options, signal));
    }
  }

  /** A list page by page, all of one snapshot; `gone` where the snapshot outlived its time. */
  async *pages(
    type: ResourceType,
    options: ListOptions = {},
    signal?: AbortSignal,
  ): AsyncGenerator<ListPage> {
    const { namespace, labelSelector, fieldSelector } = options;
    let after: string | undefined;
    do {
      const query = { labelSelector, fieldSelector, limit: PAGE, continue: after };
      const call: Call = { verb: 'list', type, key: { namespace }, method: 'GET', query };
      const list = await this.answer(call, signal);
      const { items, metadata } = recordOf(list);
      const { resourceVersion, continue: next } = recordOf(metadata);
      if (!Array.isArray(items) || typeof resourceVersion !== 'string') raise(call);
      yield { items: listOf(items).map((item) => listItem(type, item) ?? raise(call)), resourceVersion };
      after = textOf(next);
    } while (after !== undefined);
  }

  /**
   * Events until the server ends the watch. Throws `KubeError`: `gone` where the resource version is too old, `timeout`
   * where nothing has come for longer than a live server is silent.
   */
  async *watch(type: ResourceType, options: WatchOptions, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const { namespace, labelSelector, fieldSelector, resourceVersion, timeoutSeconds } = options;
    const query = {
      watch: true,
      allowWatchBookmarks: true,
      labelSelector,
      fieldSelector,
      resourceVersion,
      timeoutSeconds,
    };
    const call: Call = { verb: 'watch', type, key: { namespace }, method: 'GET', query };
    const done = this.observe(call);
    try {
      for await (const line of this.transport.lines(requestOf(call), signal)) yield eventOf(call, line);
      done(200);
    } catch (error) {
      done(isKubeError(error) ? (error.status ?? 0) : 0);
      throw error;
    } finally {
      done(200);
    }
  }

  create(type: ResourceType, object: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    const { namespace, name } = object.metadata;
    const call: Call = {
      verb: 'create',
      type,
      key: { namespace },
      created: name,
      method: 'POST',
      query: this.written,
      body: object,
    };
    return this.object(call, signal);
  }

  replace(type: ResourceType, object: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    return this.object(this.update(type, object), signal);
  }

  replaceStatus(type: ResourceType, object: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    return this.object({ ...this.update(type, object), subresource: 'status' }, signal);
  }

  apply(
    type: ResourceType,
    object: KubeObject,
    options: ApplyOptions,
    signal?: AbortSignal,
  ): Promise<KubeObject> {
    const { manager, force = true, subresource, dryRun = false } = options;
    const query = { ...STRICT, fieldManager: manager, force, ...(dryRun && { dryRun: 'All' }) };
    const call: Call = {
      verb: 'apply',
      type,
      key: keyOf(object),
      method: 'PATCH',
      query,
      subresource,
      body: object,
      contentType: 'application/apply-patch+yaml',
    };
    return this.object(call, signal);
  }

  patch(
    type: ResourceType,
    key: ObjectKey,
    options: PatchOptions,
    signal?: AbortSignal,
  ): Promise<KubeObject> {
    const { type: form, body, manager, subresource } = options;
    const call: Call = {
      verb: 'patch',
      type,
      key,
      method: 'PATCH',
      query: { ...STRICT, fieldManager: manager },
      subresource,
      body,
      contentType: CONTENT_TYPES[form],
    };
    return this.object(call, signal);
  }

  async delete(
    type: ResourceType,
    key: ObjectKey,
    options: DeleteOptions = {},
    signal?: AbortSignal,
  ): Promise<boolean> {
    const { uid, resourceVersion, propagation = 'Background' } = options;
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: propagation,
      preconditions: { uid, resourceVersion },
    };
    try {
      await this.answer({ verb: 'delete', type, key, method: 'DELETE', body }, signal);
      return true;
    } catch (error) {
      if (isKubeError(error, 'not_found')) return false;
      // The server says which precondition failed in words only.
      if (isKubeError(error, 'conflict') && UID_PRECONDITION.test(error.message)) return false;
      throw error;
    }
  }

  /** Sends an object that is answered and not kept, as reviews are; resolves to the answer. */
  ask(type: ResourceType, object: JsonRecord, signal?: AbortSignal): Promise<JsonRecord> {
    return this.answer(
      { verb: 'create', type, key: {}, method: 'POST', query: this.written, body: object },
      signal,
    );
  }

  /** Lets requests in flight end; watches are cut. */
  close(): Promise<void> {
    return this.transport.close();
  }

  private update(type: ResourceType, object: KubeObject): Call {
    return { verb: 'update', type, key: keyOf(object), method: 'PUT', query: this.written, body: object };
  }

  private async object(call: Call, signal: AbortSignal | undefined): Promise<KubeObject> {
    const answer = await this.answer(call, signal);
    return isKubeObject(answer) ? answer : raise(call);
  }

  private async answer(call: Call, signal: AbortSignal | undefined): Promise<JsonRecord> {
    const done = this.observe(call);
    const mayLeave = call.method === 'GET' ? undefined : this.mayWrite;
    try {
      const request: HttpRequest = { ...requestOf(call), mayLeave };
      const { status, body, retryAfter } = await this.transport.send(request, signal);
      done(status);
      if (status < 200 || status > 299) throw refusalError(asked(call), { status, body, retryAfter });
      const answer = parseJson(body);
      return isRecord(answer) ? answer : raise(call);
    } finally {
      done(0);
    }
  }

  /** The returned function counts once, however often it is called. */
  private observe({ verb, type, subresource }: Call): (status: number) => void {
    const { onRequest } = this.options;
    if (onRequest === undefined) return () => undefined;
    const start = performance.now();
    let told = false;
    return (status) => {
      if (told) return;
      told = true;
      const { group, resource } = type;
      onRequest({ verb, group, resource, subresource, status, ms: performance.now() - start });
    };
  }
}

async function collected(pages: AsyncIterable<ListPage>): Promise<readonly KubeObject[]> {
  const all: KubeObject[] = [];
  for await (const { items } of pages) all.push(...items);
  return all;
}
