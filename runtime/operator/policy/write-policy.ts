// When the ConfigMap of a policy is written. A proxy that runs hears of a change by its stream; the ConfigMap is what the
// next start finds, and each write of it wakes the kubelets of its pods. So additions gather for a few seconds, and
// what takes something away is written at once.
import { canonicalJson } from '#policy/canonical-json.ts';
import type { PolicyDocument } from '#policy/document.ts';
import { isAdditive } from '#policy/is-additive.ts';
import { openPolicyFiles, readPolicyFiles } from '#policy/policy-file.ts';

/** Shortest time between two writes of one server's policy that only add. */
export const POLICY_WRITE_INTERVAL_MS = 5_000;

export interface PolicyWriteInput {
  /** The live ConfigMap, raw; undefined where there is none. */
  readonly live: unknown;
  readonly document: PolicyDocument;
  /** When the live one was written; undefined where nobody knows. */
  readonly writtenAtMs: number | undefined;
  readonly nowMs: number;
}

export type PolicyWriteDecision =
  /** The live one holds this policy. */
  | { readonly kind: 'keep' }
  | { readonly kind: 'write' }
  /** It only adds, and the last write is not long ago. */
  | { readonly kind: 'wait'; readonly waitMs: number };

/**
 * Whether only grants and sessions differ. What the server itself says is written at once: status speaks of its
 * generation, and there are no bursts of specs.
 */
function isSameServer(a: PolicyDocument, b: PolicyDocument): boolean {
  const own = ({ requires, server, auth, policy, session, audit, tools }: PolicyDocument) =>
    canonicalJson({ requires, server, auth, policy, session, audit, tools });
  return own(a) === own(b);
}

/** Decides by revision, never by bytes: the same policy, compressed by another version of a library, is the same. */
export function decidePolicyWrite({
  live,
  document,
  writtenAtMs,
  nowMs,
}: PolicyWriteInput): PolicyWriteDecision {
  const held = readPolicyFiles(live);
  if (held?.revision === document.revision) return { kind: 'keep' };
  if (held === undefined || held.form === 'stub' || writtenAtMs === undefined) return { kind: 'write' };
  const waitMs = writtenAtMs + POLICY_WRITE_INTERVAL_MS - nowMs;
  // A clock that was set back must not hold a policy back for longer than the interval.
  if (waitMs <= 0 || waitMs > POLICY_WRITE_INTERVAL_MS) return { kind: 'write' };
  const before = openPolicyFiles(live);
  const mayWait = before.ok && isSameServer(before.value, document) && isAdditive(before.value, document);
  return mayWait ? { kind: 'wait', waitMs } : { kind: 'write' };
}
