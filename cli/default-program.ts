// The program of commands that are given none.

export function defaultProgram(): string {
  return process.env['MCP_RUNTIME_PROGRAM'] ?? 'program.ts';
}
