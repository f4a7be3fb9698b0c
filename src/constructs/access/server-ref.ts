// How grants and sessions point at a server: at the construct of the same program, or by name at one that was
// written elsewhere. Only the former can be asked which tools it declares.
export interface ServerRef {
  readonly serverName: string;
  readonly serverNamespace: string;
  /** Names of the server's tools, or undefined where this program doesn't know them. */
  readonly declaredTools?: readonly string[] | undefined;
}

export const ServerRef = {
  /** A server that this program doesn't contain. Its tools are unknown here, so tool names are not checked. */
  named: (namespace: string, name: string): ServerRef => ({ serverName: name, serverNamespace: namespace }),
} as const;
