// Numbers, lists and other programs' texts as they stand in messages: short, and the same for the same facts, so that
// a status changes only where something else does.
const LONGEST_QUOTE = 600;
const MOST_NAMED = 10;

/** `1 pod`, `2 pods`. */
export function pods(count: number): string {
  return count === 1 ? '1 pod' : `${count} pods`;
}

/** `a`, `a and b`, `a, b and c`; of a long list the first ten. */
export function listed(items: readonly string[]): string {
  const named = items.slice(0, MOST_NAMED);
  const rest = items.length - named.length;
  const parts = rest > 0 ? [...named, `${rest} more`] : named;
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}

/** What another program said: on one line, bounded, without the full stop at its end. */
export function quoted(message: string): string {
  const line = message.replace(/\s+/g, ' ').trim().replace(/\.$/, '');
  return line.length <= LONGEST_QUOTE ? line : `${line.slice(0, LONGEST_QUOTE)}…`;
}

/** A text as a sentence: capital first, unless that is the path of a field, and full stop last. */
export function sentence(text: string): string {
  const isPath = /^[a-z]+[.[]/.test(text);
  const start = isPath ? text : `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
  return /[.!?…]$/.test(start) ? start : `${start}.`;
}

/** The digits of a revision by which people tell one from another. */
export function shortRevision(revision: string): string {
  return revision.replace(/^sha256:/, '').slice(0, 12);
}
