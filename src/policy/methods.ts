// Which MCP methods a caller may use, and how each is decided. What is not in this list is refused: resources,
// prompts, completion, subscriptions, logging, sampling and elicitation stay closed until they have rules of their own.

/**
 * `open`: any identified caller; the method reveals or changes nothing of the server's domain.
 * `tool_call`: decided by grants and sessions. `tool_list`: open, and its result is filtered by the same decision.
 */
export type MethodRule = 'open' | 'tool_call' | 'tool_list';

const RULES: ReadonlyMap<string, MethodRule> = new Map([
  ['initialize', 'open'],
  ['server/discover', 'open'],
  ['ping', 'open'],
  ['notifications/initialized', 'open'],
  ['notifications/cancelled', 'open'],
  ['tools/list', 'tool_list'],
  ['tools/call', 'tool_call'],
]);

/** The rule of a method, or undefined where nobody may use it. Names are case-sensitive, as the protocol has them. */
export function methodRule(method: string): MethodRule | undefined {
  return RULES.get(method);
}

/** The methods that are open in any way, for documentation and tests. */
export const OPEN_METHODS: readonly string[] = [...RULES.keys()];
