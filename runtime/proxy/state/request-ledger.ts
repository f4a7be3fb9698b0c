// Requests of MCP sessions that were let through. A stream that is resumed brings answers whose requests came over streams
// that are gone; only those pass that are known here, and were not cut. Bounded, and lost at a restart: then none passes.
import { BoundedMap } from './bounded-map.ts';

export interface KnownRequest {
  readonly method: string;
  readonly tool: string | undefined;
}

const CONVERSATIONS = 5_000;
const REQUESTS_PER_CONVERSATION = 256;

export class RequestLedger {
  private readonly conversations = new BoundedMap<BoundedMap<KnownRequest | 'cut'>>(CONVERSATIONS);

  /** Notes a request that goes to the server; an earlier one with its id is forgotten. */
  note(conversation: string, idKey: string, request: KnownRequest): void {
    this.of(conversation).set(idKey, request);
  }

  /** Notes that nobody may have the answer to a request any more. */
  cut(conversation: string, idKey: string): void {
    this.of(conversation).set(idKey, 'cut');
  }

  /** Undefined where there was none, or it was cut. */
  find(conversation: string, idKey: string): KnownRequest | undefined {
    const found = this.conversations.get(conversation)?.get(idKey);
    return found === 'cut' ? undefined : found;
  }

  private of(conversation: string): BoundedMap<KnownRequest | 'cut'> {
    const requests = this.conversations.get(conversation) ?? new BoundedMap(REQUESTS_PER_CONVERSATION);
    this.conversations.set(conversation, requests);
    return requests;
  }
}
