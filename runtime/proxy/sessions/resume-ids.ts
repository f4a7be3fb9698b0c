// The ids of events, by which a caller resumes a stream where it broke. Servers find the stream by the id alone, so one that
// leaves the proxy carries a tag: it opens for the caller and the session that it was given to.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Exchange } from '../exchange.ts';
import type { KeyRing } from '../keys/key-ring.ts';

const TAG_BYTES = 12;
const BOUND = /^(.*)\.([a-z0-9]{1,16})\.([A-Za-z0-9_-]{16})$/s;

export class ResumeIds {
  private readonly keys: KeyRing;

  constructor(keys: KeyRing) {
    this.keys = keys;
  }

  /** @param id as it stands in the event, in Latin-1 */
  bind(id: string, exchange: Exchange): string {
    const { id: keyId, key } = this.keys.sealing('event');
    return `${id}.${keyId}.${tagOf(id, exchange, key).toString('base64url')}`;
  }

  /** The server's own id; undefined where this caller was not given it in this session, or the key is gone. */
  open(bound: string, exchange: Exchange): string | undefined {
    const [, id = '', keyId = '', tag = ''] = BOUND.exec(bound) ?? [];
    const key = this.keys.opening('event', keyId);
    if (key === undefined) return undefined;
    return timingSafeEqual(Buffer.from(tag, 'base64url'), tagOf(id, exchange, key)) ? id : undefined;
  }
}

function tagOf(id: string, { subjectKey, mcpSession }: Exchange, key: Buffer): Buffer {
  // No part but the last may hold a line break.
  const text = [mcpSession?.id ?? '', id, subjectKey].join('\n');
  return createHmac('sha256', key).update(text, 'latin1').digest().subarray(0, TAG_BYTES);
}
