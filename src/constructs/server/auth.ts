// How callers of a server say who they are. Every server names a mode: there is no default that is right for all.
import type { McpServerSpecInput } from '#api/mcp-server.ts';
import type { DeepReadonly } from '#constructs/kit/deep-readonly.ts';

type AuthSpec = NonNullable<McpServerSpecInput['auth']>;

/** The auth block of a server; made by the functions of the same name. */
export type Auth = DeepReadonly<AuthSpec & Required<Pick<AuthSpec, 'mode'>>>;

export interface HeaderAuthOptions {
  /** @default X-MCP-Human-ID */
  readonly humanHeader?: string;
  /** @default X-MCP-Agent-ID */
  readonly agentHeader?: string;
  /** @default X-MCP-Team-ID */
  readonly teamHeader?: string;
  /** @default X-MCP-Agent-Session */
  readonly sessionHeader?: string;
}

export interface OauthOptions {
  /** Issuer whose tokens are accepted, `https://login.example.org`. */
  readonly issuerUrl: string;
  /** Audience that tokens must carry. @default the external URL of the server */
  readonly audience?: string;
  /** Header of the token. @default Authorization */
  readonly tokenHeader?: string;
  /** Claims that name the caller. @default human: sub, agent: azp or client_id, teams: none */
  readonly claims?: { readonly human?: string; readonly agent?: string; readonly teams?: string };
}

export const Auth = {
  /** Trusted headers. Whoever reaches the port can claim any identity: for development, or behind an edge of yours. */
  header: ({ humanHeader, agentHeader, teamHeader, sessionHeader }: HeaderAuthOptions = {}): Auth => ({
    mode: 'header',
    ...(humanHeader !== undefined && { humanIDHeader: humanHeader }),
    ...(agentHeader !== undefined && { agentIDHeader: agentHeader }),
    ...(teamHeader !== undefined && { teamIDHeader: teamHeader }),
    ...(sessionHeader !== undefined && { sessionIDHeader: sessionHeader }),
  }),
  /** Bearer tokens of an OAuth issuer. */
  oauth: ({ issuerUrl, ...options }: OauthOptions): Auth => ({
    mode: 'oauth',
    issuerURL: issuerUrl,
    ...options,
  }),
  /** Client certificates with a SPIFFE identity of this trust domain. */
  mtls: ({ trustDomain }: { readonly trustDomain: string }): Auth => ({ mode: 'mtls', trustDomain }),
  /** Nobody is identified; only grants whose subject is `Subject.ANONYMOUS` match. */
  none: (): Auth => ({ mode: 'none' }),
} as const;
