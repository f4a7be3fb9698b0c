// What an event may not say as it is, where a server asks for that. Identities become pseudonyms that only whoever has
// the server's keys can make, so that events of one caller can still be told to be of one; the rest is left out.
import { createHmac } from 'node:crypto';
import { REDACTABLE_FIELDS, type AuditPayload, type RedactableField } from '#api/audit-event.ts';
import type { KeyRing } from '../keys/key-ring.ts';
import { BoundedMap } from '../state/bounded-map.ts';

/** Hexadecimal digits of a pseudonym: enough to tell callers of one server apart, and short to read. */
const PSEUDONYM_DIGITS = 16;
const KNOWN_PSEUDONYMS = 4_096;

type Identity = 'human_id' | 'agent_id' | 'subject_team_id' | 'session_id';

export class Redaction {
  private readonly keys: KeyRing;
  private readonly known = new BoundedMap<string>(KNOWN_PSEUDONYMS);

  constructor(keys: KeyRing) {
    this.keys = keys;
  }

  /** The payload without what these fields say; with all of them where nobody knows what the server asks for. */
  apply(payload: AuditPayload, fields: readonly string[] = REDACTABLE_FIELDS): AuditPayload {
    const redacted = { ...payload };
    for (const field of REDACTABLE_FIELDS) {
      if (fields.includes(field)) this.redact(redacted, field);
    }
    return redacted;
  }

  private redact(payload: AuditPayload, field: RedactableField): void {
    switch (field) {
      case 'human_id':
      case 'agent_id':
      case 'subject_team_id':
        payload[field] = this.pseudonym(field, payload[field]);
        return;
      case 'session_id':
        payload.session_id = this.pseudonym('session_id', payload.session_id);
        // The object of that name says as much.
        payload.matched_session = undefined;
        payload.matched_session_namespace = undefined;
        return;
      case 'client':
      case 'client_ip':
      case 'rpc_id':
        payload[field] = undefined;
        return;
      case 'path':
        // Every event has one.
        payload.path = '';
    }
  }

  /** `<key id>:<16 hexadecimal digits>`, one for each value of a field and key. */
  private pseudonym(field: Identity, value: string | undefined): string | undefined {
    if (value === undefined) return undefined;
    const { id, key } = this.keys.sealing('digest');
    const name = `${id} ${field} ${value}`;
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const digest = createHmac('sha256', key).update(`${field}\0${value}`).digest('hex');
    const pseudonym = `${id}:${digest.slice(0, PSEUDONYM_DIGITS)}`;
    this.known.set(name, pseudonym);
    return pseudonym;
  }
}
