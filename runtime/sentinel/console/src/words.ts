// What codes are called on screen.
import type { AuditDecision } from '#api/audit-event.ts';
import { REASONS } from '#api/reasons.ts';

export const DECISION_WORDS: Readonly<
  Record<AuditDecision, { readonly label: string; readonly mark: string }>
> = {
  allow: { label: 'Allowed', mark: '✓' },
  deny: { label: 'Denied', mark: '✕' },
  would_deny: { label: 'Would deny', mark: '!' },
};

const sentences: ReadonlyMap<string, string> = new Map(
  Object.entries(REASONS).map(([reason, { message }]) => [reason, message]),
);

/** The sentence of a reason; `undefined` for one of a newer proxy. */
export function reasonSentence(reason: string): string | undefined {
  return sentences.get(reason);
}
