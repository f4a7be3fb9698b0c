// What a program may ask of an API server. Small on purpose: reads beside a cache, server-side apply, the status of
// one's own kinds, and deletion of exactly the object that was seen. Implemented by `KubeClient`; tests have their own.
import type { KubeObject, ObjectKey, ResourceType } from './object.ts';

export interface ListOptions {
  /** All namespaces where absent. */
  readonly namespace?: string | undefined;
  readonly labelSelector?: string | undefined;
  readonly fieldSelector?: string | undefined;
}

export interface ApplyOptions {
  /** Field manager whose fields become exactly those of the object. */
  readonly manager: string;
  /** Takes fields over from other managers instead of failing with a conflict. @default true */
  readonly force?: boolean;
  readonly subresource?: 'status';
  /** @default false */
  readonly dryRun?: boolean;
}

export interface DeleteOptions {
  /** Deletes only the object that has this uid. */
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
  /** @default Background */
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan';
}

export interface PatchOptions {
  readonly type: 'merge' | 'json';
  readonly body: unknown;
  readonly manager: string;
  readonly subresource?: string;
}

/** Every method throws `KubeError` for what the server refused, and for a server that can't be reached. */
export interface Kube {
  /** Undefined where there is no such object. */
  get(type: ResourceType, key: ObjectKey, signal?: AbortSignal): Promise<KubeObject | undefined>;
  /** All pages, in one list; for caches see `Reflector`. */
  list(type: ResourceType, options?: ListOptions, signal?: AbortSignal): Promise<readonly KubeObject[]>;
  create(type: ResourceType, object: KubeObject, signal?: AbortSignal): Promise<KubeObject>;
  /** Replaces the object; it has to carry the resourceVersion that was seen. */
  replace(type: ResourceType, object: KubeObject, signal?: AbortSignal): Promise<KubeObject>;
  /** Replaces the status; everything else of `object` but its resourceVersion is ignored by the server. */
  replaceStatus(type: ResourceType, object: KubeObject, signal?: AbortSignal): Promise<KubeObject>;
  apply(
    type: ResourceType,
    object: KubeObject,
    options: ApplyOptions,
    signal?: AbortSignal,
  ): Promise<KubeObject>;
  patch(type: ResourceType, key: ObjectKey, options: PatchOptions, signal?: AbortSignal): Promise<KubeObject>;
  /** False where there was nothing to delete (or another object of that name, where a uid was given). */
  delete(type: ResourceType, key: ObjectKey, options?: DeleteOptions, signal?: AbortSignal): Promise<boolean>;
}

/**
 * `not_found`, `conflict` (409 of an update or apply), `already_exists`, `forbidden` (RBAC, quota, admission),
 * `namespace_terminating`, `invalid` (422, and 400: the object can't be), `unauthorized`, `gone` (410: list again),
 * `too_many_requests`, `timeout`, `unavailable` (5xx, no connection), `unknown_kind` (the server has no such resource).
 */
export type KubeErrorCode =
  | 'not_found'
  | 'conflict'
  | 'already_exists'
  | 'forbidden'
  | 'namespace_terminating'
  | 'invalid'
  | 'unauthorized'
  | 'gone'
  | 'too_many_requests'
  | 'timeout'
  | 'unavailable'
  | 'unknown_kind';

export interface KubeErrorDetails {
  readonly code: KubeErrorCode;
  /** HTTP status; absent where there was no answer. */
  readonly status?: number | undefined;
  /** Seconds that the server asks to wait, as milliseconds. */
  readonly retryAfterMs?: number | undefined;
  readonly cause?: unknown;
}

/** What the API server refused, or that it could not be asked. The message says what was asked and what it answered. */
export class KubeError extends Error {
  readonly code: KubeErrorCode;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, { code, status, retryAfterMs, cause }: KubeErrorDetails) {
    super(message, { cause });
    this.name = 'KubeError';
    this.code = code;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

export function isKubeError(error: unknown, ...codes: readonly KubeErrorCode[]): error is KubeError {
  return error instanceof KubeError && (codes.length === 0 || codes.includes(error.code));
}
