// One call of an API server: how it is asked, how it is named in messages, and what its answers have to be.
import { isKubeObject, parseJson, recordOf } from './json.ts';
import { statusError } from './kube-error.ts';
import { KubeError } from './kube.ts';
import type { KubeObject, ObjectKey, ResourceType } from './object.ts';
import { nameOf, queryText, resourcePath, type Query } from './paths.ts';
import type { HttpRequest } from './transport.ts';

export interface Call {
  readonly verb: string;
  readonly type: ResourceType;
  readonly key: Partial<ObjectKey>;
  /** Name of what is created, which the path doesn't have. */
  readonly created?: string;
  readonly method: HttpRequest['method'];
  readonly query?: Query;
  readonly subresource?: string | undefined;
  readonly body?: unknown;
  readonly contentType?: string;
}

export type WatchEvent =
  | { readonly type: 'added' | 'modified' | 'deleted'; readonly object: KubeObject }
  | { readonly type: 'bookmark'; readonly resourceVersion: string };

export function requestOf(call: Call): HttpRequest {
  const { type, key, query = {}, subresource, method, body, contentType } = call;
  const path = `${resourcePath(type, key, subresource)}${queryText(query)}`;
  return { method, path, body, contentType, asked: asked(call) };
}

/** `create ConfigMap team/files`, for messages. */
export function asked({ verb, type, key, created, subresource }: Call): string {
  const { namespace, name = created } = key;
  const what = name === undefined ? nameOf(type, { namespace }) : nameOf(type, { namespace, name });
  return `${verb} ${what}${subresource === undefined ? '' : ` (${subresource})`}`;
}

const CHANGES: Readonly<Record<string, 'added' | 'modified' | 'deleted'>> = {
  ADDED: 'added',
  MODIFIED: 'modified',
  DELETED: 'deleted',
};

/** What a line of a watch says; throws `KubeError` where it is the error that ends it. */
export function eventOf(call: Call, line: string): WatchEvent {
  const { type, object } = recordOf(parseJson(line));
  if (type === 'ERROR') throw statusError(asked(call), object);
  if (type === 'BOOKMARK') {
    const version = recordOf(recordOf(object).metadata).resourceVersion;
    return typeof version === 'string' ? { type: 'bookmark', resourceVersion: version } : raise(call);
  }
  const change = typeof type === 'string' ? CHANGES[type] : undefined;
  return change !== undefined && isKubeObject(object) ? { type: change, object } : raise(call);
}

/** The answer is none of an API server: something else is at that address. */
export function raise(call: Call): never {
  const message = `${asked(call)}: the answer is not what an API server answers.`;
  throw new KubeError(message, { code: 'unavailable' });
}
