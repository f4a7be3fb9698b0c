// The version of the program that runs. Bundling writes it in; from the sources there is none.

export const PROGRAM_VERSION: string = process.env['MCP_RUNTIME_VERSION'] ?? 'source';
