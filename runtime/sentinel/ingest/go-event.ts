// The single-event form of Go installations, brought into ours: what it doesn't have gets the value that says so.
// Its id is a digest of its content, so that an event that is sent twice is still one event.
import { createHash } from 'node:crypto';
import type { GoAuditEvent } from '#api/audit-event.ts';
import { FIRST_PREV_HASH } from '#api/audit-event.ts';
import type { IngestIdentity } from './api-keys.ts';

const ID_DIGITS = 40;

/** The result still has to be checked as an event: the Go form leaves almost everything optional. */
export function eventFromGo(event: GoAuditEvent, identity: IngestIdentity): unknown {
  const { decision } = event.payload;
  return {
    id: `go-${createHash('sha256').update(JSON.stringify(event)).digest('hex').slice(0, ID_DIGITS)}`,
    ...event,
    timestamp: event.timestamp.endsWith('Z') ? event.timestamp : new Date(event.timestamp).toISOString(),
    instance: event.source === '' ? 'unknown' : event.source.slice(0, 253),
    boot_epoch: 0,
    seq: 0,
    prev_hash: FIRST_PREV_HASH,
    payload: {
      kind: 'request',
      phase: 'complete',
      method: '',
      path: '',
      status: 0,
      latency_ms: 0,
      bytes_in: 0,
      bytes_out: 0,
      reason: decision === 'allow' ? 'allowed' : 'undecided',
      outcome: decision === 'allow' ? 'unknown' : 'none',
      server: identity.server,
      namespace: identity.namespace,
      ...event.payload,
    },
  };
}
