// Reads a message that the server sent, as far as filtering and governing need it. Content nobody reads is only
// proven well-formed: servers write what JSON.stringify gives them, lone surrogates included.
import { JsonCursor } from './cursor.ts';
import { readId } from './rpc-id.ts';
import type { MessageKind, Span } from './client-message.ts';

export interface ListedTool extends Span {
  /** Undefined where it has none, or not a string: such an entry is shown to nobody. */
  readonly name: string | undefined;
}

/** The part of a `tools/list` result that a filter changes. */
export interface ToolList {
  readonly tools: readonly ListedTool[];
  /** Between the brackets of the array. */
  readonly inside: Span;
}

export interface ServerMessage {
  readonly kind: MessageKind;
  /** As it stands; undefined also for the `null` of an error that answers nothing. */
  readonly id: string | undefined;
  readonly method: string | undefined;
  /** `result.tools`, where the result has it. */
  readonly list: ToolList | undefined;
  readonly ttlMs: Span | undefined;
  readonly cacheScope: Span | undefined;
  /** The result asks the caller for input: a request in the form of an answer. */
  readonly inputRequired: boolean;
}

interface Draft {
  jsonrpc: boolean;
  id: string | undefined;
  method: string | undefined;
  answers: boolean;
  tools: ListedTool[] | undefined;
  inside: Span | undefined;
  ttlMs: Span | undefined;
  cacheScope: Span | undefined;
  inputRequired: boolean;
}

const emptyDraft = (): Draft => ({
  jsonrpc: false,
  id: undefined,
  method: undefined,
  answers: false,
  tools: undefined,
  inside: undefined,
  ttlMs: undefined,
  cacheScope: undefined,
  inputRequired: false,
});

const MAX_DEPTH = 512;

/** One per proxy: reading is synchronous and leaves nothing behind. */
export class ServerMessageReader {
  private readonly cursor = new JsonCursor({
    maxDepth: MAX_DEPTH,
    uniqueKeys: 'visited',
    loneSurrogates: 'allowed',
  });
  private draft = emptyDraft();
  private toolName: string | undefined;

  /** Undefined where the bytes are no single JSON-RPC message. */
  read(bytes: Buffer): ServerMessage | undefined {
    const { cursor } = this;
    this.draft = emptyDraft();
    if (!cursor.open(bytes) || !cursor.atObject()) return undefined;
    const read = cursor.object(0, this.onEnvelope);
    if (!cursor.close() || !read) return undefined;
    const { draft } = this;
    if (!draft.jsonrpc || draft.answers === (draft.method !== undefined)) return undefined;
    const kind = draft.answers ? 'response' : draft.id === undefined ? 'notification' : 'request';
    const list =
      draft.tools === undefined || draft.inside === undefined
        ? undefined
        : { tools: draft.tools, inside: draft.inside };
    const { id, method, ttlMs, cacheScope, inputRequired } = draft;
    return { kind, id, method, list, ttlMs, cacheScope, inputRequired };
  }

  private readonly onEnvelope = (key: string): boolean => {
    const { cursor, draft } = this;
    switch (key) {
      case 'jsonrpc':
        draft.jsonrpc = cursor.atString() && cursor.string() === '2.0';
        return draft.jsonrpc;
      case 'id':
        draft.id = readId(cursor);
        return draft.id !== undefined || cursor.value(1);
      case 'method':
        draft.method = cursor.atString() ? cursor.string() : undefined;
        return draft.method !== undefined;
      case 'result':
        draft.answers = true;
        return cursor.atObject() ? cursor.object(1, this.onResult) : cursor.value(1);
      case 'error':
        draft.answers = true;
        return cursor.value(1);
      default:
        return cursor.value(1);
    }
  };

  private readonly onResult = (key: string): boolean => {
    const { cursor, draft } = this;
    switch (key) {
      case 'tools': {
        if (!cursor.atArray()) return cursor.value(2);
        draft.tools = [];
        const start = cursor.at + 1;
        if (!cursor.array(2, this.onTool)) return false;
        draft.inside = { start, end: cursor.at - 1 };
        return true;
      }
      case 'ttlMs':
        draft.ttlMs = this.span();
        return draft.ttlMs !== undefined;
      case 'cacheScope':
        draft.cacheScope = this.span();
        return draft.cacheScope !== undefined;
      case 'resultType':
        if (!cursor.atString()) return cursor.value(2);
        draft.inputRequired ||= cursor.string() === 'input_required';
        return cursor.problem === undefined;
      case 'inputRequests':
        draft.inputRequired = true;
        return cursor.value(2);
      default:
        return cursor.value(2);
    }
  };

  private readonly onTool = (): boolean => {
    const { cursor } = this;
    const start = cursor.at;
    this.toolName = undefined;
    const read = cursor.atObject() ? cursor.object(3, this.onToolMember) : cursor.value(3);
    this.draft.tools?.push({ start, end: cursor.at, name: this.toolName });
    return read;
  };

  private readonly onToolMember = (key: string): boolean => {
    const { cursor } = this;
    if (key !== 'name' || !cursor.atString()) return cursor.value(4);
    this.toolName = cursor.string();
    return this.toolName !== undefined;
  };

  private span(): Span | undefined {
    const start = this.cursor.at;
    return this.cursor.value(2) ? { start, end: this.cursor.at } : undefined;
  }
}
