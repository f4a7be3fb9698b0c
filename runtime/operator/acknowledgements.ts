// What proxies say of themselves: which policy they enforce, whether their audit arrives, whether their server can be
// reached past them. The operator only reads; who collects it (the distributors) is behind this interface.
import type { ObjectRef } from '#api/principal.ts';
import type { PolicyInputs } from '#policy/document.ts';

/** The last word of one proxy. */
export interface Acknowledgement {
  readonly podUid: string;
  /** Revision of the document in force, `sha256:<hex>`. */
  readonly revision: string;
  readonly inputs: PolicyInputs;
  readonly epoch: number;
  /** ISO time of the last batch of audit events that ingest acknowledged; absent where none was yet. */
  readonly auditDeliveredAt?: string | undefined;
  /** Whether events wait longer than they should. */
  readonly auditDelayed?: boolean | undefined;
  /** Whether the server's own port answered from outside the pod; absent where nobody tried. */
  readonly reachablePastProxy?: boolean | undefined;
}

export interface AcknowledgementSource {
  /** Whether there is a source, and it answers. Without one nothing is known of any proxy. */
  readonly state: 'absent' | 'connected' | 'disconnected';
  /** Of the proxies of one server; a pod that is gone may still be in it. */
  of(server: ObjectRef): readonly Acknowledgement[];
  onChange(listener: (server: ObjectRef) => void): void;
  /** Called when `state` changes: what is known of every server then means something else. */
  onStateChange(listener: () => void): void;
}

/** An installation in which nobody collects acknowledgements. */
export const NO_ACKNOWLEDGEMENTS: AcknowledgementSource = {
  state: 'absent',
  of: () => [],
  onChange: () => undefined,
  onStateChange: () => undefined,
};
