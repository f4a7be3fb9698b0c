// How grants and sessions point at a server: at the construct of the same program, or by name at one that was
// written elsewhere. Only the former can be asked which tools it declares.
import type { SideEffect } from '#api/side-effect.ts';
import type { Trust } from '#api/trust.ts';

/** What a grant needs to know of a declared tool. */
export interface DeclaredTool {
  readonly name: string;
  readonly requiredTrust: Trust;
  /** Absent: the tool can't be called. */
  readonly sideEffect?: SideEffect | undefined;
}

export interface ServerRef {
  readonly serverName: string;
  readonly serverNamespace: string;
  /** The tools of the server, or undefined where this program doesn't know them. */
  readonly declaredTools?: readonly DeclaredTool[] | undefined;
}

export const ServerRef = {
  /** A server that this program doesn't contain. Its tools are unknown here, so tool names are not checked. */
  named: (namespace: string, name: string): ServerRef => ({ serverName: name, serverNamespace: namespace }),
} as const;
