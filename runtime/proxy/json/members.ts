// Names that mean something to MCP, and the look-alikes that some parsers would take for them: Go's encoding/json
// matches keys without regard to case, with Unicode folding, so `Method` or `para\u{17f}` must not pass unseen.

/** Folds as a case-insensitive reader would: `ſ` is an s, the Kelvin sign a k, and each of the four i an i. */
function fold(key: string): string {
  return key.toUpperCase().toLowerCase().replaceAll('\u0307', '');
}

/** Keys that are remembered as no variants; others cost what folding costs. */
const HARMLESS_KEPT = 256;
const HARMLESS_LENGTH = 64;

/** A set of names whose variants in another case are refused. */
export class ReservedMembers {
  private readonly folded: ReadonlySet<string>;
  /** The reserved names themselves, and other keys that came before. */
  private readonly harmless: Set<string>;

  constructor(names: readonly string[]) {
    this.harmless = new Set(names);
    this.folded = new Set(names.map(fold));
  }

  /** Whether a key is another spelling of a reserved name. */
  isVariant(key: string): boolean {
    if (this.harmless.has(key)) return false;
    if (this.folded.has(fold(key))) return true;
    if (this.harmless.size < HARMLESS_KEPT && key.length <= HARMLESS_LENGTH) this.harmless.add(key);
    return false;
  }
}

export const ENVELOPE_MEMBERS = new ReservedMembers(['jsonrpc', 'id', 'method', 'params', 'result', 'error']);

export const PARAMS_MEMBERS = new ReservedMembers([
  '_meta',
  'argument',
  'arguments',
  'capabilities',
  'clientInfo',
  'context',
  'cursor',
  'inputResponses',
  'level',
  'name',
  'notifications',
  'progress',
  'progressToken',
  'protocolVersion',
  'reason',
  'ref',
  'requestId',
  'requestState',
  'task',
  'taskId',
  'uri',
]);

export const META_PROTOCOL_VERSION = 'io.modelcontextprotocol/protocolVersion';
export const META_CLIENT_INFO = 'io.modelcontextprotocol/clientInfo';

export const META_MEMBERS = new ReservedMembers([
  META_PROTOCOL_VERSION,
  META_CLIENT_INFO,
  'io.modelcontextprotocol/clientCapabilities',
  'io.modelcontextprotocol/logLevel',
  'io.modelcontextprotocol/related-task',
  'io.modelcontextprotocol/subscriptionId',
  'baggage',
  'progressToken',
  'traceparent',
  'tracestate',
]);
