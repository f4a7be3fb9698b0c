// What a case came to, beside what was written down: what its caller saw, and what is on record of it.
import { eventLine, expectedLine, finishedOf, type AuditTrail } from './audit-trail.ts';
import type { Case, Observed } from './case.ts';
import type { Row } from './report.ts';

export interface Performed {
  readonly checked: Case;
  readonly observed: Observed;
}

export function decisionRow({ checked, observed }: Performed): Row {
  return { name: checked.name, expected: checked.expect, got: observed.got };
}

/** Compares sets: what is expected and not there, and what is there and not expected. */
export function auditRow({ checked, observed }: Performed, trail: AuditTrail): Row {
  const missing = checked.audit.map((expected) => expectedLine(expected, checked.caller));
  const extra: string[] = [];
  for (const event of finishedOf(trail.ofTrace(observed.traceId))) {
    const at = missing.indexOf(eventLine(event));
    if (at === -1) extra.push(eventLine(event));
    else missing.splice(at, 1);
  }
  const count = checked.audit.length;
  return {
    name: `on record: ${checked.name}`,
    expected: eventCount(count),
    got: eventCount(count - missing.length + extra.length),
    details: [...missing.map((line) => `missing: ${line}`), ...extra.map((line) => `not expected: ${line}`)],
  };
}

function eventCount(count: number): string {
  return count === 1 ? '1 event' : `${count} events`;
}
