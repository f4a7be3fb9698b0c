// Reads a message that the server sent, as far as filtering and governing need it. Content nobody reads is only
// proven well-formed: servers write what JSON.stringify gives them, lone surrogates included.
import { JsonCursor } from './cursor.ts';
import { ENVELOPE_MEMBERS, ReservedMembers } from './members.ts';
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
  /** A response that has an error and no result. */
  readonly isError: boolean;
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
  nullId: boolean;
  method: string | undefined;
  hasResult: boolean;
  hasError: boolean;
  tools: ListedTool[] | undefined;
  inside: Span | undefined;
  ttlMs: Span | undefined;
  cacheScope: Span | undefined;
  inputRequired: boolean;
}

const emptyDraft = (): Draft => ({
  jsonrpc: false,
  id: undefined,
  nullId: false,
  method: undefined,
  hasResult: false,
  hasError: false,
  tools: undefined,
  inside: undefined,
  ttlMs: undefined,
  cacheScope: undefined,
  inputRequired: false,
});

const MAX_DEPTH = 512;

/** What is filtered or governed below the envelope: a reader that takes `Tools` for `tools` must not see more. */
const RESULT_MEMBERS = new ReservedMembers(['tools', 'ttlMs', 'cacheScope', 'resultType', 'inputRequests']);
const TOOL_MEMBERS = new ReservedMembers(['name']);

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
    const { hasResult, hasError } = draft;
    if (!draft.jsonrpc || Number(hasResult) + Number(hasError) + Number(draft.method !== undefined) !== 1) {
      return undefined;
    }
    if (draft.id === undefined && (hasResult || (draft.nullId && !hasError))) return undefined;
    const kind = hasResult || hasError ? 'response' : draft.id === undefined ? 'notification' : 'request';
    const list =
      draft.tools === undefined || draft.inside === undefined
        ? undefined
        : { tools: draft.tools, inside: draft.inside };
    const { id, method, ttlMs, cacheScope, inputRequired } = draft;
    return { kind, id, method, isError: hasError, list, ttlMs, cacheScope, inputRequired };
  }

  private readonly onEnvelope = (key: string): boolean => {
    const { cursor, draft } = this;
    switch (key) {
      case 'jsonrpc':
        draft.jsonrpc = cursor.atString() && cursor.string() === '2.0';
        return draft.jsonrpc;
      case 'id':
        draft.id = readId(cursor);
        if (draft.id !== undefined) return true;
        // Any other id would make a request look like a notification here, and like a request to its reader.
        draft.nullId = true;
        return cursor.skipWord('null');
      case 'method':
        draft.method = cursor.atString() ? cursor.string() : undefined;
        return draft.method !== undefined;
      case 'result':
        draft.hasResult = true;
        return cursor.atObject() ? cursor.object(1, this.onResult) : cursor.value(1);
      case 'error':
        draft.hasError = true;
        return cursor.value(1);
      default:
        return this.other(key, ENVELOPE_MEMBERS, 1);
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
        return this.other(key, RESULT_MEMBERS, 2);
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
    if (key !== 'name') return this.other(key, TOOL_MEMBERS, 4);
    if (!cursor.atString()) return cursor.value(4);
    this.toolName = cursor.string();
    return this.toolName !== undefined;
  };

  private other(key: string, reserved: ReservedMembers, depth: number): boolean {
    if (reserved.isVariant(key)) return this.cursor.refuse('case_variant_key');
    return this.cursor.value(depth);
  }

  private span(): Span | undefined {
    const start = this.cursor.at;
    return this.cursor.value(2) ? { start, end: this.cursor.at } : undefined;
  }
}
