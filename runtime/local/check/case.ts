// The words in which a check says what it does and what it expects. Expectations are plain text that is compared as
// it is: nothing of the policy's own code has a part in them.
import type { AuditPayload } from '#api/audit-event.ts';
import type { Era } from '../mcp-caller.ts';

export interface CaseCaller {
  readonly human?: string;
  readonly agent?: string;
  readonly team?: string;
  readonly session?: string;
}

/** One audit event, `decided` and `finished` taken together; caller and server are those of the case. */
export interface ExpectedEvent {
  readonly kind: AuditPayload['kind'];
  /** JSON-RPC method with its tool, `tools/call list_notes`; HTTP method where no message was read. */
  readonly what: string;
  readonly decision: AuditPayload['decision'];
  readonly reason: string;
  readonly status: number;
  readonly outcome: AuditPayload['outcome'];
  /** Grant and session that decided. */
  readonly grant?: string;
  readonly session?: string;
  /** The request ended before anybody was identified. @default false */
  readonly anonymous?: boolean;
}

interface CaseBase {
  readonly name: string;
  readonly server: 'notes' | 'everything';
  readonly caller: CaseCaller;
  /** What the caller sees: `result: …`, `denied: …`, `tools: …`, `HTTP 401 …`. */
  readonly expect: string;
  readonly audit: readonly ExpectedEvent[];
}

/** With the official client. */
export interface ClientCase extends CaseBase {
  readonly kind: 'client';
  readonly era: Era;
  /** Calls a tool, lists the tools, or lists the resources. */
  readonly action:
    | { readonly call: string; readonly args?: Readonly<Record<string, unknown>>; readonly progress?: true }
    | 'list tools'
    | 'list resources';
}

/** As bytes on the wire, for what no client would send. */
export interface WireCase extends CaseBase {
  readonly kind: 'wire';
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** A session revoked while it is in use, by the control endpoint. */
export interface RevokeCase extends CaseBase {
  readonly kind: 'revoke';
  readonly era: Era;
  readonly session: string;
  /** It is revoked while the answer of this call is under way. */
  readonly during: { readonly call: string; readonly args: Readonly<Record<string, unknown>> };
}

export type Case = ClientCase | WireCase | RevokeCase;

/** What became of a case. */
export interface Observed {
  readonly got: string;
  /** The trace under which the proxy recorded it. */
  readonly traceId: string;
}
