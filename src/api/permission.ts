// What a program of the platform may do with the Kubernetes API. Declared beside the code that needs it, collected by
// the program, and rendered into RBAC rules; a test compares it with what the program was seen to do.

export const VERBS = [
  'get',
  'list',
  'watch',
  'create',
  'update',
  'patch',
  'delete',
  'deletecollection',
] as const;

export type Verb = (typeof VERBS)[number];

export interface Permission {
  /** API group; empty for the core group. */
  readonly group: string;
  /** Plural, with a subresource where one is meant: `mcpservers/status`. */
  readonly resource: string;
  readonly verbs: readonly Verb[];
  /** Only these objects. RBAC can't limit `list` and `watch` so, nor a `create` that is no server-side apply. */
  readonly names?: readonly string[] | undefined;
  /** Only in the namespace of the platform. @default every namespace */
  readonly scope?: 'platform' | 'cluster';
  /** Why it is needed, in a sentence for whoever reviews the role. */
  readonly reason: string;
}
