// What is asked and answered: small JSON, the same as a stream of one event, large arguments, a large result. The answers
// are the upstream's, each under a path of its own.
import { answer, callOf, headersOf, type Caller, type LoadRequest } from '../load/request.ts';

export interface Shape {
  readonly name: string;
  readonly path: string;
  /** Text of the one argument. */
  readonly text: string;
  /** Audit events that one call leaves: a stream that does not come whole at once is recorded when it opens and when it ends. */
  readonly events: number;
}

const KIB = 1_024;

export const smallJson: Shape = { name: 'JSON', path: '/mcp', text: 'hello world', events: 1 };
export const oneEvent: Shape = { name: 'SSE', path: '/events', text: 'hello world', events: 1 };
export const largeArguments: Shape = {
  name: '64 KiB of arguments',
  path: '/mcp',
  text: 'x'.repeat(64 * KIB),
  events: 1,
};
export const largeResult: Shape = { name: '1 MiB result', path: '/large', text: 'hello world', events: 1 };
export const largeEvent: Shape = {
  name: '1 MiB event',
  path: '/large-event',
  text: 'hello world',
  events: 2,
};

/** A stream of one event. */
export const eventOf = (message: string): string => `event: message\ndata: ${message}\n\n`;

/** What the upstream sends under `oneEvent`'s path. */
export const eventAnswer = eventOf(answer);

/** What it sends under `largeResult`'s, and as an event under `largeEvent`'s: the answer with this much more text, of which `block` is repeated so often. */
export const largeAnswer = {
  ...split(answer, 'hello world'),
  block: 'x'.repeat(KIB),
  /** Blocks of blocks, because a configuration holds no text of a megabyte. */
  repeated: [32, 32],
} as const;

function split(text: string, at: string): { readonly before: string; readonly after: string } {
  const start = text.indexOf(at);
  return { before: text.slice(0, start), after: text.slice(start + at.length) };
}

/** The load generator holds all requests in memory. */
const MOST_BYTES = 4 * KIB * KIB;

/** Calls of as many callers as fit. */
export function requestsOf(shape: Shape, callers: readonly Caller[]): readonly LoadRequest[] {
  const body = callOf(shape.text);
  return callers
    .slice(0, Math.ceil(MOST_BYTES / body.length))
    .map((caller) => ({ headers: headersOf(caller), body }));
}
