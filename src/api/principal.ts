// Who calls (a principal, established by the proxy) and whom a grant or session speaks of (a subject).

/**
 * How sure the proxy is of a principal. `anonymous`: nobody said who they are (auth mode `none`). `asserted`: they
 * said so in headers, and whoever reaches the port can say anything. `verified`: a token or certificate proves it.
 */
export const ASSURANCES = ['anonymous', 'asserted', 'verified'] as const;

export type Assurance = (typeof ASSURANCES)[number];

/** The caller of one request. Empty strings never occur: what is not known is left out. */
export interface Principal {
  readonly assurance: Assurance;
  readonly human?: string | undefined;
  readonly agent?: string | undefined;
  /** A token may carry several teams; header mode carries at most one. */
  readonly teams: readonly string[];
}

/** A reference to a namespaced object of one of our kinds. */
export interface ObjectRef {
  readonly namespace: string;
  readonly name: string;
}

/** `namespace/name`, the form used in messages, session headers and indexes. */
export function objectKey(ref: ObjectRef): string {
  return `${ref.namespace}/${ref.name}`;
}
