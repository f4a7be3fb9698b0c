// Whether a status says what another says, so that it is written only where it does not.
import type { McpServerStatus } from '#api/mcp-server.ts';

/** JSON with members in order; what is undefined is left out, as on the wire. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}

export function isSameStatus(a: McpServerStatus, b: McpServerStatus): boolean {
  return canonical(a) === canonical(b);
}
