// A subject's time-boxed consent to let an agent use one server, up to a trust. Revocation is one-way: a program can
// revoke a session, and never says of one that it is not revoked, because that would undo somebody else's revocation.
import {
  MCPAgentSession,
  type McpAgentSession,
  type McpAgentSessionSpecInput,
} from '#api/mcp-agent-session.ts';
import { ok, type Problem, type Result } from '#api/result.ts';
import type { Trust } from '#api/trust.ts';
import { addResource, checkResource, plainCopy } from '#constructs/kit/custom-resource.ts';
import { constructPath, InvalidConstructError } from '#constructs/kit/invalid-construct-error.ts';
import { McpAgentSession as Generated } from '#imports/mcpruntime.org.ts';
import { Construct } from 'constructs';
import { instant } from './instant.ts';
import type { ServerRef } from './server-ref.ts';
import { subjectSpec, type Subject } from './subject.ts';

/** What a session says, without the server it is about. */
export interface SessionProps {
  /** Whose consent it is; at least one field. */
  readonly subject: Subject;
  /** Trust the subject consents to; the lower of this and the grant's counts. */
  readonly consentedTrust: Trust;
  /**
   * When the consent ends: a `Date`, or text with a zone such as `2030-01-31T12:00:00Z`.
   * @default never by itself, with a warning; the server's `session.maxLifetime` still ends it
   */
  readonly expiresAt?: Date | string;
  /** Ends the session for good. @default it is not said */
  readonly revoked?: true;
  /** Seconds after expiry or revocation until the object is removed. @default it stays */
  readonly ttlSecondsAfterExpired?: number;
  /** Credential that the proxy presents to the server on behalf of this session; a Secret of its namespace. */
  readonly upstreamToken?: { readonly secret: string; readonly key: string };
  /** Label of the policy that the session belongs to, carried into audit. @default none */
  readonly policyVersion?: string;
  /** Name of the object, which callers present. @default the id of the construct */
  readonly name?: string;
  /** Namespace of the object. @default that of the server */
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface AgentSessionProps extends SessionProps {
  readonly server: ServerRef;
}

function specOf(props: AgentSessionProps, expiresAt: string | undefined): McpAgentSessionSpecInput {
  const { server, ttlSecondsAfterExpired, upstreamToken, policyVersion } = props;
  return {
    serverRef: { name: server.serverName, namespace: server.serverNamespace },
    subject: subjectSpec(props.subject),
    consentedTrust: props.consentedTrust,
    expiresAt,
    revoked: props.revoked === true ? true : undefined,
    ttlSecondsAfterExpired,
    upstreamTokenSecretRef: upstreamToken && { name: upstreamToken.secret, key: upstreamToken.key },
    policyVersion,
  };
}

function expiryOf(props: AgentSessionProps): Result<string | undefined, string> {
  return props.expiresAt === undefined ? ok(undefined) : instant(props.expiresAt);
}

export class AgentSession extends Construct {
  /** The object as the API server would store it, defaults filled in. */
  readonly resource: McpAgentSession;

  /** @throws InvalidConstructError with everything that is wrong */
  constructor(scope: Construct, id: string, props: AgentSessionProps) {
    const { name = id, labels, annotations } = props;
    const namespace = props.namespace ?? props.server.serverNamespace;
    const metadata = { name, namespace, labels, annotations };
    const expiresAt = expiryOf(props);
    const spec = specOf(props, expiresAt.ok ? expiresAt.value : undefined);
    const checked = checkResource(MCPAgentSession, metadata, spec);
    const problems: readonly Problem[] = [
      ...(expiresAt.ok ? [] : [{ path: 'expiresAt', message: expiresAt.error }]),
      ...(checked.ok ? [] : checked.error),
    ];
    if (!checked.ok || problems.length > 0) {
      throw new InvalidConstructError('AgentSession', constructPath(scope, id), problems);
    }
    super(scope, id);
    this.resource = checked.value;
    const rendered = plainCopy(spec);
    addResource(this, Generated.GVK, metadata, () => rendered);
  }
}
