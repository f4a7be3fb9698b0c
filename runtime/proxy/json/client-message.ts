// Reads a message that a caller sent, as far as policy, routing and audit need it. The body itself is never kept,
// changed or re-serialised.
import { JsonCursor, type JsonProblem } from './cursor.ts';
import {
  ENVELOPE_MEMBERS,
  META_CLIENT_INFO,
  META_MEMBERS,
  META_PROTOCOL_VERSION,
  PARAMS_MEMBERS,
  type ReservedMembers,
} from './members.ts';
import { readId } from './rpc-id.ts';

export type MessageKind = 'request' | 'notification' | 'response';

/** Positions of bytes in the body, end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export interface ClientMessage {
  readonly kind: MessageKind;
  /** The JSON-RPC id as it stands in the body: `1`, `"a"`. Absent in notifications. */
  readonly id: string | undefined;
  /** Absent in responses. */
  readonly method: string | undefined;
  /** `params.name`: the tool of a call, the name of a prompt. */
  readonly name: string | undefined;
  readonly uri: string | undefined;
  /** `params.requestId`, as it stands: the request that a cancellation is of. */
  readonly requestId: string | undefined;
  /** Protocol version that `_meta` (modern) or `initialize` (legacy) states. */
  readonly protocolVersion: string | undefined;
  /** Whether `_meta` states the version, as every modern request does. */
  readonly modern: boolean;
  /** `name/version` of `clientInfo`. */
  readonly client: string | undefined;
  /** Where `params.arguments` stands. */
  readonly arguments: Span | undefined;
}

export type MessageProblem = JsonProblem | 'invalid_envelope' | 'batch_not_supported';

export type MessageResult =
  | { readonly ok: true; readonly message: ClientMessage }
  | { readonly ok: false; readonly problem: MessageProblem; readonly id: string | undefined };

const LIMITS = { methodLength: 128, clientLength: 256 } as const;

interface Draft {
  version: string | undefined;
  id: string | undefined;
  method: string | undefined;
  hasResult: boolean;
  hasError: boolean;
  name: string | undefined;
  uri: string | undefined;
  requestId: string | undefined;
  metaVersion: string | undefined;
  paramsVersion: string | undefined;
  clientName: string | undefined;
  clientVersion: string | undefined;
  arguments: Span | undefined;
}

const emptyDraft = (): Draft => ({
  version: undefined,
  id: undefined,
  method: undefined,
  hasResult: false,
  hasError: false,
  name: undefined,
  uri: undefined,
  requestId: undefined,
  metaVersion: undefined,
  paramsVersion: undefined,
  clientName: undefined,
  clientVersion: undefined,
  arguments: undefined,
});

interface LastClient {
  readonly name: string;
  readonly version: string | undefined;
  readonly text: string;
}

/** One per proxy: reading is synchronous, and leaves nothing behind but texts that come again. */
export class ClientMessageReader {
  private readonly cursor: JsonCursor;
  private draft = emptyDraft();
  private malformed = false;
  private lastClient: LastClient = { name: '', version: undefined, text: '' };

  constructor(maxDepth = 64) {
    this.cursor = new JsonCursor({ maxDepth, uniqueKeys: 'everywhere', loneSurrogates: 'refused' });
  }

  read(body: Buffer): MessageResult {
    const { cursor } = this;
    this.draft = emptyDraft();
    this.malformed = false;
    if (!cursor.open(body)) return this.refused();
    if (cursor.atArray()) return { ok: false, problem: 'batch_not_supported', id: undefined };
    const read = cursor.atObject() ? cursor.object(0, this.onEnvelope) : cursor.value(0);
    if (!cursor.close() || !read) return this.refused();
    const message = this.message();
    if (message === undefined) return { ok: false, problem: 'invalid_envelope', id: this.draft.id };
    return { ok: true, message };
  }

  private refused(): MessageResult {
    // The id of a body that can't be trusted is not echoed: a duplicate may have been the real one.
    return { ok: false, problem: this.cursor.problem ?? 'invalid_json', id: undefined };
  }

  private message(): ClientMessage | undefined {
    const { draft } = this;
    if (this.malformed || draft.version !== '2.0') return undefined;
    const answers = draft.hasResult || draft.hasError;
    if (answers && (draft.method !== undefined || draft.id === undefined)) return undefined;
    if (answers && draft.hasResult && draft.hasError) return undefined;
    if (!answers && draft.method === undefined) return undefined;
    const kind = answers ? 'response' : draft.id === undefined ? 'notification' : 'request';
    return {
      kind,
      id: draft.id,
      method: draft.method,
      name: draft.name,
      uri: draft.uri,
      requestId: draft.requestId,
      protocolVersion: draft.metaVersion ?? draft.paramsVersion,
      modern: draft.metaVersion !== undefined,
      client: this.clientText(draft.clientName, draft.clientVersion),
      arguments: draft.arguments,
    };
  }

  /** Made once for calls of one client that follow each other, so that whoever keeps it can see that it is the same. */
  private clientText(name: string | undefined, version: string | undefined): string | undefined {
    if (name === undefined) return undefined;
    const { lastClient: last } = this;
    if (last.name === name && last.version === version) return last.text;
    const text = (version === undefined ? name : `${name}/${version}`).slice(0, LIMITS.clientLength);
    this.lastClient = { name, version, text };
    return text;
  }

  private readonly onEnvelope = (key: string): boolean => {
    const { cursor, draft } = this;
    switch (key) {
      case 'jsonrpc':
        draft.version = this.text();
        return draft.version !== undefined || cursor.value(1);
      case 'id':
        draft.id = readId(cursor);
        return draft.id !== undefined || this.wrong(1);
      case 'method':
        draft.method = this.text();
        if (draft.method === undefined) return this.wrong(1);
        return (draft.method !== '' && draft.method.length <= LIMITS.methodLength) || this.wrong();
      case 'params':
        return cursor.atObject() ? cursor.object(1, this.onParams) : this.wrong(1);
      case 'result':
        draft.hasResult = true;
        return cursor.atObject() ? cursor.object(1) : this.wrong(1);
      case 'error':
        draft.hasError = true;
        return cursor.atObject() ? cursor.object(1) : this.wrong(1);
      default:
        return this.other(key, ENVELOPE_MEMBERS, 1);
    }
  };

  private readonly onParams = (key: string): boolean => {
    const { cursor, draft } = this;
    switch (key) {
      case 'name':
        draft.name = this.text();
        return draft.name !== undefined || this.wrong(2);
      case 'uri':
        draft.uri = this.text();
        return draft.uri !== undefined || this.wrong(2);
      case 'requestId':
        draft.requestId = readId(cursor);
        return draft.requestId !== undefined || this.wrong(2);
      case 'arguments': {
        const start = cursor.at;
        if (!cursor.atObject()) return this.wrong(2);
        if (!cursor.object(2)) return false;
        draft.arguments = { start, end: cursor.at };
        return true;
      }
      case '_meta':
        return cursor.atObject() ? cursor.object(2, this.onMeta) : this.wrong(2);
      case 'protocolVersion':
        draft.paramsVersion = this.text();
        return draft.paramsVersion !== undefined || this.wrong(2);
      case 'clientInfo':
        return cursor.atObject() ? cursor.object(2, this.onClientInfo) : this.wrong(2);
      default:
        return this.other(key, PARAMS_MEMBERS, 2);
    }
  };

  private readonly onMeta = (key: string): boolean => {
    const { cursor, draft } = this;
    switch (key) {
      case META_PROTOCOL_VERSION:
        draft.metaVersion = this.text();
        return draft.metaVersion !== undefined || this.wrong(3);
      case META_CLIENT_INFO:
        return cursor.atObject() ? cursor.object(3, this.onClientInfo) : this.wrong(3);
      default:
        return this.other(key, META_MEMBERS, 3);
    }
  };

  private readonly onClientInfo = (key: string): boolean => {
    const { cursor, draft } = this;
    if (key === 'name' && cursor.atString()) draft.clientName = cursor.string();
    else if (key === 'version' && cursor.atString()) draft.clientVersion = cursor.string();
    else return cursor.value(4);
    return cursor.problem === undefined;
  };

  private other(key: string, reserved: ReservedMembers, depth: number): boolean {
    if (reserved.isVariant(key)) return this.cursor.refuse('case_variant_key');
    // To a reader that copies members one by one it brings in names that nobody here has seen.
    return key === '__proto__' ? this.wrong(depth) : this.cursor.value(depth);
  }

  /** The string at the cursor; undefined, and nothing consumed, where it is something else or holds a NUL. */
  private text(): string | undefined {
    if (!this.cursor.atString()) return undefined;
    const start = this.cursor.at;
    const value = this.cursor.string();
    // Only an escape makes a NUL: a raw one is no JSON.
    if (!this.cursor.lastStringEscaped || value?.includes('\0') !== true) return value;
    this.cursor.at = start;
    return undefined;
  }

  /** Goes on reading, so that malformed JSON is told before a wrong envelope. Consumes a value where one is left. */
  private wrong(depth?: number): boolean {
    this.malformed = true;
    return depth === undefined || this.cursor.value(depth);
  }
}
