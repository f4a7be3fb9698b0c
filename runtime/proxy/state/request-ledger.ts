// Requests of MCP sessions that were let through. A stream that is resumed brings answers whose requests came over streams
// that are gone; only those pass that are known here, and were not cut. Bounded; what can be resumed is known after a
// restart too.
import { BoundedMap } from './bounded-map.ts';
import type { Journal } from './journal.ts';

export interface KnownRequest {
  readonly method: string;
  readonly tool: string | undefined;
}

const CONVERSATIONS = 5_000;
const REQUESTS_PER_CONVERSATION = 256;

export class RequestLedger {
  private readonly conversations = new BoundedMap<BoundedMap<KnownRequest | 'cut'>>(CONVERSATIONS);
  private readonly journal: Journal;

  constructor(journal: Journal) {
    this.journal = journal;
  }

  /** Notes a request that goes to the server; an earlier one with its id is forgotten. */
  note(conversation: string, idKey: string, request: KnownRequest): void {
    this.of(conversation).set(idKey, request);
    this.release(conversation, idKey);
  }

  /** Notes that the answer to a request that is known can be resumed from here on, also after a restart. */
  keep(conversation: string, idKey: string): void {
    const request = this.conversations.get(conversation)?.get(idKey);
    if (request === undefined || request === 'cut') return;
    this.journal.write(conversation, idKey, 'request', { is: 'asked', ...request });
  }

  /** Forgets that: the answer has left, or is of another request by now. */
  release(conversation: string, idKey: string): void {
    if (this.journal.find(conversation, idKey, 'request') === undefined) return;
    this.journal.write(conversation, idKey, 'request', { is: 'over' });
  }

  /** Notes that nobody may have the answer to a request any more. */
  cut(conversation: string, idKey: string): void {
    this.of(conversation).set(idKey, 'cut');
    // What is not in it passes after a restart no more than what was cut.
    if (this.journal.find(conversation, idKey, 'request') === undefined) return;
    this.journal.write(conversation, idKey, 'request', { is: 'cut' });
  }

  /** Undefined where there was none, or it was cut. */
  find(conversation: string, idKey: string): KnownRequest | undefined {
    const found = this.conversations.get(conversation)?.get(idKey);
    if (found !== undefined) return found === 'cut' ? undefined : found;
    const kept = this.journal.find(conversation, idKey, 'request');
    if (kept?.is !== 'asked' || kept.method === undefined) return undefined;
    return { method: kept.method, tool: kept.tool };
  }

  private of(conversation: string): BoundedMap<KnownRequest | 'cut'> {
    const requests = this.conversations.get(conversation) ?? new BoundedMap(REQUESTS_PER_CONVERSATION);
    this.conversations.set(conversation, requests);
    return requests;
  }
}
